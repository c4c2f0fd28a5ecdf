// chosen[g, k] = index of the k-th box of group g: the best that overlaps none chosen before by more than iou_threshold
// boxes: [batch, count, 4]; scores: [batch, classes, count]; a group is a class of an image, and a workgroup's work.
// chosen: [groups, most]; counts: how many were chosen, of each group; dropped: [groups, count], 1 where a box is out.
struct Params {
  classes: u32,
  count: u32,
  most: u32,
  groups: u32,
  center_point_box: u32,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> boxes: array<vec4f>;
@group(0) @binding(2) var<storage, read> scores: array<f32>;
@group(0) @binding(3) var<storage, read> iou_threshold: array<f32>;
@group(0) @binding(4) var<storage, read> score_threshold: array<f32>;
@group(0) @binding(5) var<storage, read_write> dropped: array<u32>;
@group(0) @binding(6) var<storage, read_write> chosen: array<u32>;
@group(0) @binding(7) var<storage, read_write> counts: array<u32>;

override WORKGROUP_SIZE: u32 = 64; // a power of two
const NONE: u32 = 0xffffffffu;

var<workgroup> best_scores: array<f32, WORKGROUP_SIZE>;
var<workgroup> best_boxes: array<u32, WORKGROUP_SIZE>;

// [top, left, bottom, right]
fn corners(box: vec4f) -> vec4f {
  if (params.center_point_box == 1u) {
    return vec4f(box.yx - box.wz / 2.0, box.yx + box.wz / 2.0);
  }
  return vec4f(min(box.xy, box.zw), max(box.xy, box.zw));
}

fn overlap(a: vec4f, b: vec4f) -> f32 {
  let sides = max(vec2f(0.0), min(a.zw, b.zw) - max(a.xy, b.xy));
  let both = sides.x * sides.y;
  let area_a = (a.z - a.x) * (a.w - a.y);
  let area_b = (b.z - b.x) * (b.w - b.y);
  if (area_a <= 0.0 || area_b <= 0.0) {
    return 0.0;
  }
  return both / (area_a + area_b - both);
}

fn is_better(score: f32, box: u32, than_score: f32, than_box: u32) -> bool {
  return box != NONE && (than_box == NONE || score > than_score || (score == than_score && box < than_box));
}

// The best of the group's boxes that are not out.
fn find_best(g: u32, lane: u32) {
  var score = 0.0;
  var box = NONE;
  for (var i = lane; i < params.count; i += WORKGROUP_SIZE) {
    let own = scores[g * params.count + i];
    if (dropped[g * params.count + i] == 0u && is_better(own, i, score, box)) {
      score = own;
      box = i;
    }
  }
  best_scores[lane] = score;
  best_boxes[lane] = box;
  for (var step = WORKGROUP_SIZE / 2u; step > 0u; step /= 2u) {
    workgroupBarrier();
    if (lane < step && is_better(best_scores[lane + step], best_boxes[lane + step], best_scores[lane], best_boxes[lane])) {
      best_scores[lane] = best_scores[lane + step];
      best_boxes[lane] = best_boxes[lane + step];
    }
  }
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(@builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  let g = id.x + id.y * groups.x;
  if (g >= params.groups) {
    return;
  }
  for (var i = lane; i < params.count; i += WORKGROUP_SIZE) {
    dropped[g * params.count + i] = u32(!(scores[g * params.count + i] > score_threshold[0]));
  }
  let first_box = g / params.classes * params.count;
  var k = 0u;
  for (; k < params.most; k++) {
    find_best(g, lane);
    let best = workgroupUniformLoad(&best_boxes[0]);
    if (best == NONE) {
      break;
    }
    if (lane == 0u) {
      chosen[g * params.most + k] = best;
    }
    let winner = corners(boxes[first_box + best]);
    for (var i = lane; i < params.count; i += WORKGROUP_SIZE) {
      if (i == best || overlap(winner, corners(boxes[first_box + i])) > iou_threshold[0]) {
        dropped[g * params.count + i] = 1u;
      }
    }
  }
  if (lane == 0u) {
    counts[g] = k;
  }
}
