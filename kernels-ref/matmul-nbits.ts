import type { MatMulNBitsAttributes } from '../src/ops/matmul-nbits.js';
import type { Reference, RefTensor } from './reference.js';

/** Element i of bytes that hold 8 / bits elements each, lowest first. */
const element = (bytes: Float64Array, i: number, bits: number): number => {
  const byte = bytes[Math.floor((i * bits) / 8)] as number;
  return (byte >> ((i * bits) % 8)) & (2 ** bits - 1);
};

/** Y[m, n] = sum over k of A[m, k] * (B[n, k] - zero[n, block of k]) * scale[n, block of k] + bias[n] */
export const matmulNBits: Reference = ([a, b, scales, zeros, , bias], attributes, [output]) => {
  const { K, N, bits, block_size } = attributes as MatMulNBitsAttributes;
  const blocks = Math.ceil(K / block_size);
  const zeroAt = (n: number, block: number): number => {
    if (!zeros) return 2 ** (bits - 1);
    if (zeros.dtype !== 'uint8') return zeros.data[n * blocks + block] as number;
    const rowBytes = Math.ceil((blocks * bits) / 8);
    return element(zeros.data.subarray(n * rowBytes, (n + 1) * rowBytes), block, bits);
  };
  const weight = (n: number, k: number): number => {
    const block = Math.floor(k / block_size);
    const q = element((b as RefTensor).data, n * blocks * block_size + k, bits);
    return (q - zeroAt(n, block)) * (scales!.data[n * blocks + block] as number);
  };
  const y = new Float64Array(output!.shape.reduce((p, d) => p * d, 1));
  for (let n = 0; n < N; n++) {
    const column = Array.from({ length: K }, (_, k) => weight(n, k));
    for (let m = 0; m < y.length / N; m++) {
      let sum = bias ? (bias.data[n] as number) : 0;
      for (let k = 0; k < K; k++) sum += (a!.data[m * K + k] as number) * (column[k] as number);
      y[m * N + n] = sum;
    }
  }
  return [y];
};
