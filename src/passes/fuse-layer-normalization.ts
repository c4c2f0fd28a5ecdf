import type { Graph } from '../graph/graph.js';
import { withDefaults } from '../ops/attributes.js';
import { operators } from '../ops/index.js';
import type { Operator } from '../ops/operator.js';
import { type ConcreteShape, isConcrete, sizeOf } from '../tensor/shape.js';
import { Rewriter } from './rewrite.js';
import { type Normalization, normalizationAt } from './written-out-normalization.js';

/** A normalisation over the last axes that is written out in single operators becomes one LayerNormalization. */
export const fuseLayerNormalization = (graph: Graph): Graph => {
  const rewriter = new Rewriter(graph);
  for (const node of graph.nodes) {
    const found = rewriter.isReplaced(node) ? undefined : normalizationAt(rewriter, node);
    const extents = found && normalized(rewriter, found);
    if (!found || !extents || ![found.scale, found.bias].every((name) => !name || fits(rewriter, name, extents))) continue;
    const { x, last, epsilon } = found;
    const dtype = rewriter.value(x)!.dtype;
    const ones = new Float64Array(sizeOf(extents)).fill(1);
    const scale = found.scale ?? rewriter.addConstant(`${last.name}.scale`, dtype, ones, extents);
    const { attributes } = operators.get('LayerNormalization') as Operator;
    const replacement = {
      name: last.name,
      op: 'LayerNormalization',
      inputs: found.bias ? [x, scale, found.bias] : [x, scale],
      outputs: last.outputs,
      attributes: withDefaults(attributes, { axis: -extents.length, epsilon, epilogue: last.attributes.epilogue ?? [] }),
    };
    rewriter.replace(last, [replacement], found.absorbed);
  }
  return rewriter.finish();
};

/** The extents of the last axes, when the means run over these and nothing else. */
const normalized = (rewriter: Rewriter, { x, viewed, axes }: Normalization): ConcreteShape | undefined => {
  const shape = rewriter.value(x)?.shape;
  if (!shape || viewed !== x) return undefined;
  const sorted = axes.map((axis) => (axis < 0 ? axis + shape.length : axis)).sort((a, b) => a - b);
  const extents = shape.slice(shape.length - axes.length);
  const areLast = sorted.every((axis, i) => axis === shape.length - axes.length + i);
  return areLast && isConcrete(extents) && sizeOf(extents) > 0 ? extents : undefined;
};

/** True for a constant of those very extents. */
const fits = (rewriter: Rewriter, name: string, extents: ConcreteShape): boolean => {
  const value = rewriter.value(name);
  return value?.shape?.length === extents.length && extents.every((d, i) => value.shape?.[i] === d);
};
