import type { Graph } from '../graph/graph.js';
import { importOnnx } from '../importers/onnx/index.js';
import { readBytes } from './files.js';

/** The graph of an ONNX file, as the file states it. */
export const openModel = async (path: string): Promise<Graph> => importOnnx(await readBytes(path));
