import { canvas } from '../../shaders/canvas.js';
import type { Kernel } from './kernel.js';

/** Tensors to words of pixels; no operator, since a plan has no textures. */
export const canvasKernel: Kernel = { name: 'canvas', wgsl: canvas };
