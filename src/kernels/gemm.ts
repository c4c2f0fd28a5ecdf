import { TilewiseError } from '../errors.js';
import type { GemmAttributes } from '../ops/gemm.js';
import { isFloat } from '../tensor/dtype.js';
import type { ConcreteShape } from '../tensor/shape.js';
import type { Dispatch, KernelRequest, TensorInfo } from './kernel.js';
import { multiply, type Product } from './matmul.js';
import type { Matrices } from './matmul-operands.js';
import { broadcastStrides } from './strides.js';

/** Gemm runs on the kernels of MatMul, which add the bias. */
export const lowerGemm = (request: KernelRequest): Dispatch[] => multiply(productOfGemm(request), request.facts);

export const productOfGemm = (request: KernelRequest): Product => {
  const { attributes, inputs, outputs } = request;
  const { alpha, beta, transA, transB } = attributes as GemmAttributes;
  const [a, b, c] = inputs as readonly [TensorInfo, TensorInfo, TensorInfo | undefined];
  if (!isFloat(a.dtype) && (alpha !== 1 || beta !== 1)) {
    throw new TilewiseError('unsupported-model', `Gemm of ${a.dtype} needs alpha = 1 and beta = 1`);
  }
  return {
    a: matrix(0, a, transA),
    b: matrix(1, b, transB),
    batch: [],
    ...(c && { bias: biasOf(c, outputs[0]!.shape) }),
    alpha,
    beta,
    request,
  };
};

const matrix = (input: number, info: TensorInfo, transposed: boolean): Matrices => {
  const [first, second] = info.shape as readonly [number, number];
  const [rows, columns] = transposed ? [second, first] : [first, second];
  return { input, info, batch: [], rows, columns, transposed };
};

const biasOf = (c: TensorInfo, shape: ConcreteShape): NonNullable<Product['bias']> => {
  const [row, column] = broadcastStrides(c.shape, shape) as [number, number];
  return { input: 2, row, column };
};
