// y[row, c] = x[row, c], from one element to a word to four, or back
// x, y: [rows, channels] elements of 8 bits, a word each, and [rows, words] words of four; which is which, PACK says.
struct Params {
  count: u32, // packed words
  words: u32,
  channels: u32,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<u32>;
@group(0) @binding(2) var<storage, read_write> y: array<u32>;

const SHIFT = 0u; // 24 for signed bytes
override WORKGROUP_SIZE: u32 = 64;
override PACK: bool = true;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * WORKGROUP_SIZE;
  if (i >= params.count) {
    return;
  }
  let row = i / params.words * params.channels;
  let first = i % params.words * 4u;
  var word = 0u;
  for (var c = first; c < min(first + 4u, params.channels); c++) {
    let shift = 8u * (c - first);
    if (PACK) {
      word |= (x[row + c] & 255u) << shift;
    } else {
      y[row + c] = bitcast<u32>((bitcast<i32>((x[i] >> shift) & 255u) << SHIFT) >> SHIFT);
    }
  }
  if (PACK) {
    y[i] = word;
  }
}
