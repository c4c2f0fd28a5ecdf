import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createServer as createTcpServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Job, Queue, QueueEvents } from 'bullmq';
import { Redis } from 'ioredis';
import { build } from 'vite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { InferenceSession, Tensor } from '#tilewise';
import { random as seeded } from '../../bench/support/random.js';
import type { WorkerJob, WorkerResult } from '../../src/server/worker.js';
import { ROOT } from '../support/imports.js';

const MODEL = join(ROOT, 'models/lenet5.onnx');
const OUT = join(ROOT, 'build/worker');
const hasRedis = spawnSync('redis-server', ['--version']).status === 0;

const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const server = createTcpServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });

/** Needs Debian's redis-server, which the CI script installs. */
describe.runIf(hasRedis)('workers on Redis', () => {
  const random = seeded(11);
  const children: ChildProcess[] = [];
  let folder: string;
  let url: string;
  let redis: Redis;
  let queue: Queue<WorkerJob, WorkerResult>;
  let events: QueueEvents;
  let session: InferenceSession;

  beforeAll(async () => {
    await build({
      configFile: join(ROOT, 'vite.config.ts'),
      root: ROOT,
      mode: 'production',
      logLevel: 'error',
      build: { outDir: OUT, emptyOutDir: true },
    });
    folder = mkdtempSync(join(tmpdir(), 'tilewise-redis-'));
    const port = await freePort();
    children.push(
      spawn('redis-server', ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--dir', folder], { stdio: 'ignore' }),
    );
    url = `redis://127.0.0.1:${port}`;
    redis = new Redis(url, { maxRetriesPerRequest: null });
    redis.on('error', () => undefined);
    const connection = { host: '127.0.0.1', port, maxRetriesPerRequest: null };
    queue = new Queue('digits', { connection });
    events = new QueueEvents('digits', { connection });
    // Every job that is waited for listens.
    queue.setMaxListeners(0);
    queue.on('error', () => undefined);
    events.on('error', () => undefined);
    await events.waitUntilReady();
    session = await InferenceSession.create(await readFile(MODEL));
  });
  afterAll(async () => {
    await queue.close();
    await events.close();
    await redis.quit();
    for (const child of children) child.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
    await session.release();
  });

  /** A worker in a process of its own, once it takes jobs. */
  const startWorker = (): Promise<ChildProcess> =>
    new Promise((resolve, reject) => {
      const args = [join(OUT, 'cli.js'), 'worker', MODEL, '--queue', 'digits', '--redis', url, '--lock', '2', '--max-batch', '8'];
      const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'pipe'] });
      children.push(child);
      let said = '';
      child.stderr?.on('data', (text) => {
        said += text;
        if (said.includes('taking jobs')) resolve(child);
      });
      child.on('exit', () => reject(new Error(`the worker ended: ${said}`)));
    });

  /** Puts the payload under a key of its own, and its name into the queue. */
  const ask = async (i: number, data: Float32Array): Promise<Job<WorkerJob, WorkerResult>> => {
    const input = { name: 'input', shape: [1, 1, 28, 28], datatype: 'FP32', parameters: { binary_data_size: data.byteLength } };
    const head = Buffer.from(JSON.stringify({ inputs: [input] }));
    await redis.set(`payload:${i}`, Buffer.concat([head, Buffer.from(data.buffer)]));
    return queue.add('infer', { model: 'lenet5', request: `payload:${i}`, headerLength: head.length }, { attempts: 3 });
  };

  const expectRight = async (data: Float32Array, { response }: WorkerResult): Promise<void> => {
    const { logits } = await session.run({ input: new Tensor('float32', data, [1, 1, 28, 28]) });
    const expected = logits?.data as Float32Array;
    const [output] = JSON.parse((await redis.get(response)) ?? '{}').outputs as [{ data: number[] }];
    const worst = Math.max(...expected.map((v, i) => Math.abs(v - (output.data[i] as number))));
    expect(worst).toBeLessThanOrEqual(1e-5 * Math.max(...expected.map(Math.abs)));
  };

  it('finds every result right when one of two is killed in the middle of a batch', async () => {
    const [first, second] = await Promise.all([startWorker(), startWorker()]);
    const inputs = Array.from({ length: 300 }, () => Float32Array.from({ length: 784 }, () => random()));
    const jobs = await Promise.all(inputs.map((data, i) => ask(i, data)));
    while ((await queue.getCompletedCount()) < 40) await sleep(2);
    first?.removeAllListeners('exit');
    first?.kill('SIGKILL');
    const results = await Promise.all(jobs.map((job) => job.waitUntilFinished(events)));
    expect(new Set(results.map(({ response }) => response)).size).toBe(300);
    for (const [i, result] of results.entries()) await expectRight(inputs[i] as Float32Array, result);
    const moved = await Promise.all(jobs.map(async ({ id }) => (await queue.getJob(id as string))?.stalledCounter ?? 0));
    expect(Math.max(...moved), 'no job was taken over').toBeGreaterThan(0);

    // What cannot succeed is not tried again, and says why.
    const wrong = await queue.add('infer', { model: 'lenet5', request: 'payload:none' }, { attempts: 3 });
    await expect(wrong.waitUntilFinished(events)).rejects.toThrow("no payload under the key 'payload:none'");
    expect((await queue.getJob(wrong.id as string))?.attemptsMade).toBe(1);

    // SIGTERM: what was taken is finished, and the process ends well.
    const last = await Promise.all(inputs.slice(0, 40).map((data, i) => ask(1000 + i, data)));
    second?.removeAllListeners('exit');
    const ended = new Promise<number | null>((resolve) => second?.on('exit', resolve));
    second?.kill('SIGTERM');
    expect(await ended).toBe(0);
    const states = await Promise.all(last.map((job) => job.getState()));
    expect(states.filter((state) => state !== 'completed' && state !== 'waiting')).toEqual([]);
  });
});
