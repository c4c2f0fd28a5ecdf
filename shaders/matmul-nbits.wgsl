// y[m, n] = epilogue(bias[n] + sum over k of a[m, k] * (b[n, k] - zero[n, k / block_size]) * scale[n, k / block_size])
// a: row-major [M, K]; y: [M, N]; scale: [N, blocks]; bias: [N]. b: [N, blocks, words], 32 / BITS elements to a word,
// lowest first. extra_a, extra_b: what the epilogue reads beside y. zeros: packed alike, each row of N in whole bytes, or the bits of floats [N, blocks].
struct Params {
  count: u32, // elements of y
  n: u32,
  k: u32,
  blocks: u32,
  block_size: u32,
  zero_row_bytes: u32,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> a: array<f32>;
@group(0) @binding(2) var<storage, read> b: array<u32>;
@group(0) @binding(3) var<storage, read> scale: array<f32>;
@group(0) @binding(4) var<storage, read> zeros: array<u32>;
@group(0) @binding(5) var<storage, read> bias: array<f32>;
@group(0) @binding(6) var<storage, read> extra_a: array<Elem>;
@group(0) @binding(7) var<storage, read> extra_b: array<Elem>;
@group(0) @binding(8) var<storage, read_write> y: array<Elem>;

alias Elem = f32;
override WORKGROUP_SIZE: u32 = 64;
override BITS: u32 = 4;
override HAS_BIAS: bool = true;

fn zero_of(column: u32, block: u32) -> f32 { return f32(1u << (BITS - 1u)); }
fn epilogue(v: Elem, at: u32, channel: u32) -> Elem { return v; }

fn packed_zero(column: u32, block: u32) -> f32 {
  let bit = 8u * column * params.zero_row_bytes + block * BITS;
  return f32(extractBits(zeros[bit / 32u], bit % 32u, BITS));
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * WORKGROUP_SIZE;
  if (i >= params.count) {
    return;
  }
  let column = i % params.n;
  let row = i / params.n * params.k;
  let per_word = 32u / BITS;
  var at_b = column * params.blocks * (params.block_size / per_word);
  var sum = 0.0;
  for (var block = 0u; block < params.blocks; block++) {
    let zero = zero_of(column, block);
    var part = 0.0;
    for (var first = block * params.block_size; first < (block + 1u) * params.block_size; first += per_word) {
      var word = b[at_b];
      at_b++;
      for (var k = first; k < min(first + per_word, params.k); k++) {
        part += a[row + k] * (f32(extractBits(word, 0u, BITS)) - zero);
        word >>= BITS;
      }
    }
    sum += part * scale[column * params.blocks + block];
  }
  if (HAS_BIAS) {
    sum += bias[column];
  }
  y[i] = epilogue(sum, i, column);
}
