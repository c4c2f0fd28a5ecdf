// The WGSL text that makes pictures of tensors: it reaches a page that draws one.
import canvasText from './canvas.wgsl?raw';

export const canvas: string = canvasText;
