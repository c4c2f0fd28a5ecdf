import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { InferenceSession, Tensor } from '#tilewise';
import { random as seeded } from '../../bench/support/random.js';
import { createServer, type Server } from '../../src/server/http.js';
import { openServedModel } from '../../src/server/open-model.js';
import type { ServedModel } from '../../src/server/served-model.js';

const MODEL = fileURLToPath(new URL('../../models/lenet5.onnx', import.meta.url));

let session: InferenceSession;
let model: ServedModel;
let server: Server;
let url: string;

beforeAll(async () => {
  const bytes = await readFile(MODEL);
  session = await InferenceSession.create(bytes);
  model = await openServedModel('digits', bytes, { maxBatch: 8, maxPending: 4096 });
  server = await createServer([model]);
  url = `${await server.listen(0, '127.0.0.1')}/v2/models/digits/infer`;
});
afterAll(async () => {
  await server.close();
  await session.release();
});

const random = seeded(7);
const pixels = (samples: number): Float32Array => Float32Array.from({ length: samples * 784 }, () => random());

/** The request as JSON, or as JSON with binary data behind it. */
const requestOf = (data: Float32Array, binary: boolean): RequestInit => {
  const shape = [data.length / 784, 1, 28, 28];
  const input = { name: 'input', shape, datatype: 'FP32' };
  if (!binary) return { method: 'POST', body: JSON.stringify({ inputs: [{ ...input, data: [...data] }] }) };
  const head = Buffer.from(JSON.stringify({ inputs: [{ ...input, parameters: { binary_data_size: data.byteLength } }] }));
  const body = Buffer.concat([head, Buffer.from(data.buffer)]);
  return { method: 'POST', body, headers: { 'inference-header-content-length': String(head.length) } };
};

const expectRight = async (data: Float32Array, response: Response): Promise<void> => {
  const text = await response.text();
  expect(response.status, text).toBe(200);
  const [output] = JSON.parse(text).outputs as [{ data: number[]; shape: number[] }];
  const { logits } = await session.run({ input: new Tensor('float32', data, [data.length / 784, 1, 28, 28]) });
  const expected = logits?.data as Float32Array;
  expect(output.shape).toEqual([data.length / 784, 10]);
  const worst = Math.max(...expected.map((v, i) => Math.abs(v - (output.data[i] as number))));
  expect(worst).toBeLessThanOrEqual(1e-5 * Math.max(...expected.map(Math.abs)));
};

describe('a served model', () => {
  it('answers requests that arrive together right, in shared batches', async () => {
    const inputs = Array.from({ length: 96 }, (_, i) => pixels(i % 7 === 0 ? 3 : 1));
    const responses = await Promise.all(inputs.map((data, i) => fetch(url, requestOf(data, i % 2 === 0))));
    for (const [i, response] of responses.entries()) await expectRight(inputs[i] as Float32Array, response);
    expect(Math.max(...model.stats().batches.keys())).toBeGreaterThan(3);
  });

  it('refuses inputs that do not fit, beside others that do', async () => {
    const good = pixels(1);
    const wrong = {
      method: 'POST',
      body: JSON.stringify({ inputs: [{ name: 'input', shape: [1, 2], datatype: 'FP32', data: [1, 2] }] }),
    };
    const [bad, fine] = await Promise.all([fetch(url, wrong), fetch(url, requestOf(good, true))]);
    expect(bad.status).toBe(400);
    await expectRight(good, fine);
  });

  it('answers 10,000 malformed requests with an error each, and good ones among them right', async () => {
    const valid = Buffer.from(requestOf(pixels(1), false).body as string);
    const statuses = new Map<number, number>();
    const malformed = async (): Promise<void> => {
      const body = mutated(valid);
      const headers: Record<string, string> =
        random() < 0.3 ? { 'inference-header-content-length': String(Math.floor(random() * 9000)) } : {};
      const response = await fetch(url, { method: 'POST', body, headers });
      await response.arrayBuffer();
      statuses.set(response.status, (statuses.get(response.status) ?? 0) + 1);
    };
    let left = 10_000;
    const client = async (): Promise<void> => {
      while (left-- > 0) await malformed();
    };
    const good = async (): Promise<void> => {
      while (left > 0) {
        const data = pixels(1);
        await expectRight(data, await fetch(url, requestOf(data, true)));
      }
    };
    await Promise.all([good(), ...Array.from({ length: 16 }, client)]);
    // What a mutation leaves well-formed is answered with 200.
    expect([...statuses.keys()].filter((status) => status !== 400 && status !== 200)).toEqual([]);
    expect(statuses.get(400)).toBeGreaterThan(9000);
  });
});

/** Cut off, with bytes changed or pieces repeated, or no request at all. */
const mutated = (valid: Buffer): Buffer<ArrayBuffer> => {
  const cut = Math.floor(random() * Math.min(valid.length, 300));
  const kind = Math.floor(random() * 4);
  if (kind === 0) return Buffer.from(valid.subarray(0, cut + 1));
  if (kind === 1) return Buffer.from(Uint8Array.from({ length: cut }, () => Math.floor(random() * 256)));
  const copy = Buffer.from(valid.subarray(0, 200));
  if (kind === 2) return Buffer.concat([copy, copy]);
  for (let i = 0; i < 8; i++) copy[Math.floor(random() * copy.length)] = Math.floor(random() * 256);
  return copy;
};
