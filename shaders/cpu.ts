import conv3x3Text from './conv-3x3.wgsl?raw';
import convDirectText from './conv-direct.wgsl?raw';
import convDirect32Text from './conv-direct-32.wgsl?raw';
import convPointwiseText from './conv-pointwise.wgsl?raw';
import convPointwise32Text from './conv-pointwise-32.wgsl?raw';
import convPointwise64Text from './conv-pointwise-64.wgsl?raw';
import convSlidingText from './conv-sliding.wgsl?raw';
import convStemText from './conv-stem.wgsl?raw';
import convWinogradProductText from './conv-winograd-product.wgsl?raw';
import convWinogradProductWideText from './conv-winograd-product-wide.wgsl?raw';
import matmulQuadsText from './matmul-quads.wgsl?raw';
import matmulQuadsWideText from './matmul-quads-wide.wgsl?raw';
import matvecColumnsText from './matvec-columns.wgsl?raw';

/** Kernels that only CPU adapters use: fetched where there is one. */
export const conv3x3: string = conv3x3Text;
export const convDirect: string = convDirectText;
export const convDirect32: string = convDirect32Text;
export const convPointwise: string = convPointwiseText;
export const convPointwise32: string = convPointwise32Text;
export const convPointwise64: string = convPointwise64Text;
export const convSliding: string = convSlidingText;
export const convStem: string = convStemText;
export const convWinogradProduct: string = convWinogradProductText;
export const convWinogradProductWide: string = convWinogradProductWideText;
export const matmulQuads: string = matmulQuadsText;
export const matmulQuadsWide: string = matmulQuadsWideText;
export const matvecColumns: string = matvecColumnsText;
