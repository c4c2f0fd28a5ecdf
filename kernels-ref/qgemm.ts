import type { QGemmAttributes } from '../src/ops/qgemm.js';
import { gemm } from './gemm.js';
import { lessZeroPoint } from './matmul-integer.js';
import { at, f32, quantized } from './quantize.js';
import type { Reference, RefTensor } from './reference.js';

/** Y = alpha * a_scale * b_scale * ((A' - a_zero_point) * (B' - b_zero_point) + C), quantized where Y has a scale */
export const qgemm: Reference = (inputs, given, [output]) => {
  const { alpha, transA, transB, bounds } = given as QGemmAttributes;
  const [a, aScale, aZero, b, bScale, bZero, c, yScale, yZero] = inputs as readonly RefTensor[];
  const left = lessZeroPoint(a as RefTensor, aZero, 'rows');
  const right = lessZeroPoint(b as RefTensor, bZero, transB ? 'rows' : 'columns');
  const [sums] = gemm([left, right, c], { alpha: 1, beta: 1, transA, transB }, [output!]);
  const columns = output!.shape[1] as number;
  const y = (sums as Float64Array).map((sum, i) => {
    const scale = f32(f32(f32(alpha) * at(aScale, 0)) * at(bScale, i % columns));
    if (!yScale) return f32(f32(sum | 0) * scale);
    return quantized(f32(f32(sum | 0) * f32(scale / at(yScale, 0))), at(yZero, 0), output!.dtype, bounds);
  });
  return [y];
};
