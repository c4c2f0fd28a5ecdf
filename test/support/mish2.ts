import { attributes, grid, type OpDefinition } from '#tilewise';

/** The example of RECIPE.md: y = x * tanh(log(1 + exp(alpha * x))). */
export const mish2: OpDefinition<{ alpha: number }> = {
  name: 'my.domain.Mish2',
  inputs: [1, 1],
  attributes: { alpha: attributes.float(1) },
  infer: ({ inputs: [x] }) => {
    if (x?.dtype !== 'float32') throw new Error('the input must be float32');
    return [{ dtype: x.dtype, shape: x.shape }];
  },
  wgsl: `
struct Params {
  count: u32,
  alpha: f32,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * 64u;
  if (i >= params.count) {
    return;
  }
  y[i] = x[i] * tanh(log(1.0 + exp(params.alpha * x[i])));
}`,
  lower: ({ attributes: { alpha }, outputs, facts }) => {
    const count = outputs[0]!.shape.reduce((a, b) => a * b, 1);
    return [{ operands: { x: { input: 0 }, y: { output: 0 } }, params: { count, alpha }, workgroups: grid(count, 64, facts) }];
  },
  reference: ([x], { alpha }) => [x!.data.map((v) => v * Math.tanh(Math.log(1 + Math.exp(alpha * v))))],
};
