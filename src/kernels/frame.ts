import { frame } from '../../shaders/frame.js';
import type { Kernel } from './kernel.js';

/** Video frames to words of RGBA bytes; no operator, since a plan has no external textures. */
export const frameKernel: Kernel = { name: 'frame', wgsl: frame };
