import type { Graph } from '../../graph/graph.js';
/** Reads an ONNX model. */
export const importOnnx = (_bytes: Uint8Array): Graph => {
  throw new Error('to be written');
};
