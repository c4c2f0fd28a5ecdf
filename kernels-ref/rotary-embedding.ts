import { forEachIndex, positionOf, type Reference } from './reference.js';

export const rotaryEmbedding: Reference = ([x, cosines, sines, positions], attributes) => {
  const heads = x!.shape.length === 4 ? (x!.shape[1] as number) : (attributes.num_heads as number);
  const width = x!.shape.length === 4 ? (x!.shape[3] as number) : (x!.shape[2] as number) / heads;
  const [batch, sequence] = [x!.shape[0] as number, x!.shape.at(x!.shape.length === 4 ? 2 : 1) as number];
  const turned = (attributes.rotary_embedding_dim as number) || width;
  const y = x!.data.slice();
  forEachIndex([batch, sequence, heads, turned / 2], (index) => {
    const [b, s, h, pair] = index as [number, number, number, number];
    const at = (d: number): number => positionOf(x!.shape.length === 4 ? [b, h, s, d] : [b, s, h * width + d], x!.shape);
    const row = positions ? (positions.data[b * sequence + s] as number) : b * sequence + s;
    const place = (row < 0 ? row + (cosines!.shape[0] as number) : row) * (turned / 2) + pair;
    const [cos, sin] = [cosines!.data[place] as number, sines!.data[place] as number];
    const [first, second] = attributes.interleaved ? [at(2 * pair), at(2 * pair + 1)] : [at(pair), at(pair + turned / 2)];
    const [u, v] = [x!.data[first] as number, x!.data[second] as number];
    y[first] = u * cos - v * sin;
    y[second] = u * sin + v * cos;
  });
  return [y];
};
