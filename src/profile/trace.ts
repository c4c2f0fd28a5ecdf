import type { Profile } from './profile.js';

/** One event of Chrome's Trace Event Format, as far as it is used here. Times are in microseconds. */
export interface TraceEvent {
  readonly name: string;
  readonly ph: 'X' | 'M' | 'C';
  readonly pid: number;
  readonly tid: number;
  readonly ts?: number;
  readonly dur?: number;
  readonly cat?: string;
  readonly args?: Readonly<Record<string, unknown>>;
}

const PROCESS = 1;
const [HOST, NODES, KERNELS] = [1, 2, 3] as const;

/**
 * A profile as a trace (Trace Event Format, "JSON Object Format"), which ui.perfetto.dev and chrome://tracing open: the
 * host's part of a run, the nodes and under them their kernels, one after the other as they run, and the memory that is
 * needed meanwhile. Kernels have the times measured for each by itself; the first starts when the submit is done.
 */
export const traceOf = (profile: Profile): { readonly traceEvents: readonly TraceEvent[]; readonly displayTimeUnit: 'ms' } => {
  const { encodeMs, submitMs, waitMs } = profile.host;
  const gpuStart = 1000 * (encodeMs + submitMs);
  return {
    displayTimeUnit: 'ms',
    traceEvents: [
      named('process_name', 0, `tilewise: ${profile.model}`),
      named('thread_name', HOST, 'host'),
      named('thread_name', NODES, 'nodes'),
      named('thread_name', KERNELS, `kernels on ${profile.adapter.description}`),
      span('encode', HOST, 0, 1000 * encodeMs),
      span('submit', HOST, 1000 * encodeMs, 1000 * submitMs),
      span('wait', HOST, gpuStart, 1000 * waitMs),
      ...nodeSpans(profile, gpuStart),
      ...kernelSpans(profile, gpuStart),
    ],
  };
};

const named = (name: string, tid: number, value: string): TraceEvent => ({
  name,
  ph: 'M',
  pid: PROCESS,
  tid,
  args: { name: value },
});

const span = (name: string, tid: number, ts: number, dur: number, args: TraceEvent['args'] = {}): TraceEvent => ({
  name,
  cat: tid === HOST ? 'host' : 'gpu',
  ph: 'X',
  pid: PROCESS,
  tid,
  ts,
  dur,
  args,
});

const nodeSpans = ({ commands, nodes }: Profile, start: number): TraceEvent[] => {
  const known = new Map(nodes.map((node) => [node.name, node]));
  const spans: TraceEvent[] = [];
  let ts = start;
  for (let i = 0; i < commands.length; ) {
    const { node: name, op } = commands[i] as Profile['commands'][number];
    let dur = 0;
    for (; i < commands.length && commands[i]?.node === name; i++) dur += 1000 * (commands[i]?.gpuMs ?? 0);
    const node = known.get(name);
    const args = node ? { op: node.op, macs: node.macs, bytes: node.bytes, shape: node.shape, limit: node.limit } : { op };
    spans.push(span(name, NODES, ts, dur, args));
    ts += dur;
  }
  return spans;
};

const kernelSpans = ({ commands, memory }: Profile, start: number): TraceEvent[] => {
  const spans: TraceEvent[] = [];
  let ts = start;
  const counter = (bytes: number): TraceEvent => ({ name: 'activations', ph: 'C', pid: PROCESS, tid: 0, ts, args: { bytes } });
  for (const [i, { node, kernel, workgroups, gpuMs }] of commands.entries()) {
    spans.push(counter(memory.timeline[i]?.bytes ?? 0), span(kernel, KERNELS, ts, 1000 * gpuMs, { node, workgroups }));
    ts += 1000 * gpuMs;
  }
  spans.push(counter(0));
  return spans;
};
