import { alias } from './alias.js';
import { binary, formulas as binaryFormulas } from './binary.js';
import { cast } from './cast.js';
import { concat } from './concat.js';
import { constantOfShape } from './constant-of-shape.js';
import { blackmanWindow, hammingWindow, hannWindow } from './cosine-window.js';
import { cumSum } from './cum-sum.js';
import { dequantizeLinear } from './dequantize-linear.js';
import { expand } from './expand.js';
import { eyeLike } from './eye-like.js';
import { gather } from './gather.js';
import { gatherNd } from './gather-nd.js';
import { nonZero } from './non-zero.js';
import { oneHot } from './one-hot.js';
import { pad } from './pad.js';
import { quantizeLinear } from './quantize-linear.js';
import { range } from './range.js';
import { reduce } from './reduce.js';
import type { Reference } from './reference.js';
import { scatterNd } from './scatter.js';
import { shape } from './shape.js';
import { size } from './size.js';
import { slice } from './slice.js';
import { split } from './split.js';
import { tile } from './tile.js';
import { transpose } from './transpose.js';
import { trilu } from './trilu.js';
import { unary, formulas as unaryFormulas } from './unary.js';
import { where } from './where.js';

const named = (names: readonly string[], reference: (op: string) => Reference): [string, Reference][] =>
  names.map((name) => [name, reference(name)]);

/**
 * The references that constant folding uses: shape arithmetic, and what exporters leave between a weight and its layer.
 * They go to every application, so the heavy operators, which run on the GPU all the same, are not among them.
 */
export const foldingReferences: ReadonlyMap<string, Reference> = new Map([
  ...named(['Dropout', 'Flatten', 'Identity', 'Reshape', 'Squeeze', 'Unsqueeze'], () => alias),
  ...named(Object.keys(binaryFormulas), binary),
  ...named(Object.keys(unaryFormulas), unary),
  ...named(['ReduceMax', 'ReduceMean', 'ReduceMin', 'ReduceProd', 'ReduceSum'], reduce),
  ...named(['Cast', 'CastLike'], () => cast),
  ['BlackmanWindow', blackmanWindow],
  ['HammingWindow', hammingWindow],
  ['HannWindow', hannWindow],
  ['Concat', concat],
  ['ConstantOfShape', constantOfShape],
  ['CumSum', cumSum],
  ['DequantizeLinear', dequantizeLinear],
  ['Expand', expand],
  ['EyeLike', eyeLike],
  ['Gather', gather],
  ['GatherND', gatherNd],
  ['NonZero', nonZero],
  ['OneHot', oneHot],
  ['Pad', pad],
  ['QuantizeLinear', quantizeLinear],
  ['Range', range],
  ['ScatterND', scatterNd],
  ['Shape', shape],
  ['Size', size],
  ['Slice', slice],
  ['Split', split],
  ['Tile', tile],
  ['Transpose', transpose],
  ['Trilu', trilu],
  ['Where', where],
]);
