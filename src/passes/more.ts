/** The passes and rules that only quantized models want: `loadPasses` brings them. */
export { byteLayoutRules } from './channels-last-bytes.js';
export { fuseQuantization } from './fuse-quantization.js';
export { packBytes } from './pack-bytes.js';
