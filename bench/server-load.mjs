// Latency of good requests to `tilewise serve`, alone and among malformed ones. Run `npm run build` first.
//   node bench/server-load.mjs [seconds a phase, 10] [malformed requests, 10000]
import { spawn } from 'node:child_process';

const seconds = Number(process.argv[2] ?? 10);
const malformedCount = Number(process.argv[3] ?? 10_000);
if (!(seconds > 0 && malformedCount >= 0)) {
  console.error('usage: node bench/server-load.mjs [seconds a phase, 10] [malformed requests, 10000]');
  process.exit(2);
}
const server = spawn(process.execPath, ['dist/cli.js', 'serve', 'digits=models/lenet5.onnx', '--port', '0'], {
  stdio: ['ignore', 'pipe', 'inherit'],
});
const model = await new Promise((resolve, reject) => {
  server.stdout.on('data', (text) => resolve(String(text).split('\n')[0]));
  server.on('exit', (code) => reject(new Error(`the server ended with ${code}`)));
});

const head = Buffer.from(
  JSON.stringify({
    inputs: [{ name: 'input', shape: [1, 1, 28, 28], datatype: 'FP32', parameters: { binary_data_size: 3136 } }],
  }),
);
const good = {
  method: 'POST',
  body: Buffer.concat([head, Buffer.alloc(3136)]),
  headers: { 'inference-header-content-length': String(head.length) },
};

/** 50 requests a second, whether or not the answers have come. */
const goodTraffic = async (until) => {
  const pending = [];
  const latencies = [];
  while (!until()) {
    const begin = performance.now();
    pending.push(
      fetch(`${model}/infer`, good).then(async (response) => {
        if (response.status !== 200) throw new Error(`a good request got ${response.status}`);
        await response.arrayBuffer();
        latencies.push(performance.now() - begin);
      }),
    );
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  await Promise.all(pending);
  latencies.sort((a, b) => a - b);
  const at = (q) => Number(latencies[Math.floor(q * (latencies.length - 1))].toFixed(1));
  return { requests: latencies.length, p50: at(0.5), p95: at(0.95), p99: at(0.99) };
};

const after = (ms) => {
  const end = performance.now() + ms;
  return () => performance.now() > end;
};
await goodTraffic(after(2000));
const alone = await goodTraffic(after(seconds * 1000));
let sent = 0;
const statuses = {};
const malformed = async () => {
  while (sent < malformedCount) {
    sent++;
    const body = Buffer.from(
      '{"inputs": [{"name": "input", "shape": [1, 1, 28, 28], "datatype": "FP32", "data": [1, '.repeat(1 + (sent % 5)),
    );
    const { status } = await fetch(`${model}/infer`, { method: 'POST', body });
    statuses[status] = (statuses[status] ?? 0) + 1;
    // Spread over the phase: what is asked is whether they disturb, not whether the machine can be filled.
    await new Promise((resolve) => setTimeout(resolve, (4 * seconds * 1000) / malformedCount));
  }
};
const attack = Promise.all([malformed(), malformed(), malformed(), malformed()]);
let over = false;
attack.finally(() => {
  over = true;
});
const among = await goodTraffic(() => over);
await attack;
console.log(JSON.stringify({ latencyMs: { alone, amongMalformed: among }, malformed: statuses }, null, 2));
server.removeAllListeners('exit');
server.kill('SIGTERM');
server.on('exit', () => process.exit(0));
