import { afterEach, describe, expect, it } from 'vitest';
import { TilewiseError } from '../../src/errors.js';
import { createServer, type Server, type ServerOptions } from '../../src/server/http.js';
import type { ServedModel } from '../../src/server/served-model.js';
import { Tensor } from '../../src/tensor/tensor.js';

/** y = 2 x for float32 [N, 3], without a GPU: what is tested here is the protocol. */
const doubling = (change: Partial<ServedModel> = {}): ServedModel & { readonly closed: () => boolean } => {
  let closed = false;
  return {
    name: 'double',
    inputs: [{ name: 'x', isTensor: true, type: 'float32', shape: ['N', 3] }],
    outputs: [
      { name: 'y', isTensor: true, type: 'float32', shape: ['N', 3] },
      { name: 'big', isTensor: true, type: 'bool', shape: ['N', 3] },
    ],
    run: async ({ x }) => {
      if (!x) throw new TilewiseError('invalid-feed', "input 'x' is missing", { tensor: 'x', hint: "the model's inputs are: x" });
      const data = (x.data as Float32Array).map((v) => 2 * v);
      return {
        y: new Tensor('float32', data, x.dims),
        big: new Tensor(
          'bool',
          [...data].map((v) => v > 5),
          x.dims,
        ),
      };
    },
    stats: () => ({
      pending: 4,
      batches: new Map([
        [1, 7],
        [8, 2],
      ]),
    }),
    close: async () => {
      closed = true;
    },
    closed: () => closed,
    ...change,
  };
};

let server: Server | undefined;
afterEach(() => server?.close());

const open = async (model: ServedModel, options?: ServerOptions): Promise<string> => {
  server = await createServer([model], options);
  return server.listen(0, '127.0.0.1');
};

const post = (url: string, body: string | Uint8Array<ArrayBuffer>, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(`${url}/v2/models/double/infer`, { method: 'POST', body, headers });

const x = { name: 'x', shape: [1, 3], datatype: 'FP32', data: [1, 2, 3] };
const request = (change: object = {}, rest: object = {}): string => JSON.stringify({ inputs: [{ ...x, ...change }], ...rest });

/** JSON and the bytes behind it, as the binary extension has them. */
const binary = (json: object, data: Float32Array): { body: Uint8Array<ArrayBuffer>; headers: Record<string, string> } => {
  const head = new TextEncoder().encode(JSON.stringify(json));
  const body = new Uint8Array(head.length + data.byteLength);
  body.set(head);
  body.set(new Uint8Array(data.buffer), head.length);
  return {
    body,
    headers: { 'inference-header-content-length': String(head.length), 'content-type': 'application/octet-stream' },
  };
};

describe('health and metadata', () => {
  it('answers as the protocol says', async () => {
    const url = await open(doubling());
    const get = async (path: string): Promise<[number, unknown]> => {
      const response = await fetch(url + path);
      return [response.status, await response.json()];
    };
    expect(await get('/v2')).toEqual([200, expect.objectContaining({ name: 'tilewise', extensions: ['binary_tensor_data'] })]);
    expect(await get('/v2/health/live')).toEqual([200, { live: true }]);
    expect(await get('/v2/health/ready')).toEqual([200, { ready: true }]);
    expect(await get('/v2/models/double/versions/1/ready')).toEqual([200, { name: 'double', ready: true }]);
    expect(await get('/v2/models/double')).toEqual([
      200,
      {
        name: 'double',
        versions: ['1'],
        platform: 'onnx',
        inputs: [{ name: 'x', datatype: 'FP32', shape: [-1, 3] }],
        outputs: [
          { name: 'y', datatype: 'FP32', shape: [-1, 3] },
          { name: 'big', datatype: 'BOOL', shape: [-1, 3] },
        ],
      },
    ]);
    expect(await get('/v2/models/other')).toEqual([404, expect.objectContaining({ error: expect.stringContaining('double') })]);
    expect(await get('/v2/models/double/versions/2')).toEqual([404, expect.anything()]);
    expect(await get('/nowhere')).toEqual([404, { error: 'no such endpoint: GET /nowhere' }]);
  });

  it('counts for Prometheus', async () => {
    const url = await open(doubling());
    await post(url, request());
    await post(url, 'no JSON');
    const text = await (await fetch(`${url}/metrics`)).text();
    expect(text).toContain('tilewise_requests_total{model="double",status="200"} 1');
    expect(text).toContain('tilewise_requests_total{model="double",status="400"} 1');
    expect(text).toContain('tilewise_queue_pending{model="double"} 4');
    expect(text).toContain('tilewise_batches{model="double",samples="8"} 2');
    expect(text).toContain('tilewise_request_duration_seconds_count{model="double"} 1');
  });
});

describe('infer', () => {
  it('takes and gives JSON', async () => {
    const url = await open(doubling());
    const response = await post(url, request({}, { id: 'seven' }));
    expect(await response.json()).toEqual({
      model_name: 'double',
      model_version: '1',
      id: 'seven',
      outputs: [
        { name: 'y', shape: [1, 3], datatype: 'FP32', data: [2, 4, 6] },
        { name: 'big', shape: [1, 3], datatype: 'BOOL', data: [false, false, true] },
      ],
    });
  });

  it('takes nested lists and gives the outputs that were asked for', async () => {
    const url = await open(doubling());
    const nested = {
      shape: [2, 3],
      data: [
        [1, 2, 3],
        [4, 5, 6],
      ],
    };
    const response = await post(url, request(nested, { outputs: [{ name: 'y' }] }));
    expect((await response.json()).outputs).toEqual([{ name: 'y', shape: [2, 3], datatype: 'FP32', data: [2, 4, 6, 8, 10, 12] }]);
  });

  it('takes and gives binary data, NaN and infinity included', async () => {
    const url = await open(doubling());
    const input = { name: 'x', shape: [1, 3], datatype: 'FP32', parameters: { binary_data_size: 12 } };
    const json = { inputs: [input], outputs: [{ name: 'big' }, { name: 'y', parameters: { binary_data: true } }] };
    const { body, headers } = binary(json, Float32Array.of(Number.NaN, Number.POSITIVE_INFINITY, -1.5));
    const response = await post(url, body, headers);
    const length = Number(response.headers.get('inference-header-content-length'));
    const bytes = new Uint8Array(await response.arrayBuffer());
    const head = JSON.parse(new TextDecoder().decode(bytes.subarray(0, length)));
    expect(head.outputs).toEqual([
      { name: 'big', shape: [1, 3], datatype: 'BOOL', data: [false, true, false] },
      { name: 'y', shape: [1, 3], datatype: 'FP32', parameters: { binary_data_size: 12 } },
    ]);
    expect(new Float32Array(bytes.slice(length).buffer)).toEqual(Float32Array.of(Number.NaN, Number.POSITIVE_INFINITY, -3));
  });

  it('gives all outputs as binary data where the request says so', async () => {
    const url = await open(doubling());
    const response = await post(url, request({}, { parameters: { binary_data_output: true } }));
    const bytes = new Uint8Array(await response.arrayBuffer());
    const length = Number(response.headers.get('inference-header-content-length'));
    expect([...bytes.subarray(length + 12)]).toEqual([0, 0, 1]);
  });

  it.each([
    ['no JSON', 'no JSON', 'no JSON'],
    ['bytes that are no text', Uint8Array.of(0xff, 0xfe), 'no JSON'],
    ['another thing than an object', '[]', 'must be an object'],
    ['no inputs', '{}', 'inputs must be a list'],
    ['an input without a name', request({ name: 1 }), 'the name of an input'],
    ['an input given twice', JSON.stringify({ inputs: [x, x] }), 'given twice'],
    ['an unknown datatype', request({ datatype: 'BYTES' }), 'datatype BYTES'],
    ['a datatype of Object', request({ datatype: 'constructor' }), 'datatype constructor'],
    ['a negative extent', request({ shape: [-1, 3] }), 'non-negative'],
    ['a shape too large to count', request({ shape: [2 ** 40, 2 ** 40] }), 'non-negative'],
    ['a shape of many axes', request({ shape: Array(40).fill(1) }), 'at most 16'],
    ['too few elements', request({ data: [1, 2] }), 'has 2 elements'],
    ['too many elements', request({ data: [1, 2, 3, 4] }), 'more than the 3'],
    ['lists deeper than the shape', request({ data: [[[[1, 2, 3]]]] }), 'deeper'],
    ['text among numbers', request({ data: [1, 'two', 3] }), 'element 1'],
    ['a fraction among integers', request({ datatype: 'INT32', data: [1, 2.5, 3] }), 'element 1'],
    ['an integer out of range', request({ datatype: 'UINT8', data: [1, 256, 3] }), 'element 1'],
    ['a number among truths', request({ datatype: 'BOOL', data: [true, 2, false] }), 'element 1'],
    ['a size that is not the data', request({ data: undefined, parameters: { binary_data_size: 11 } }), '12 bytes'],
    ['binary data that is missing', request({ data: undefined, parameters: { binary_data_size: 12 } }), '0 are left'],
    ['both kinds of data', request({ parameters: { binary_data_size: 12 } }), 'both'],
    ['an unknown output', request({}, { outputs: [{ name: 'z' }] }), "'z' is not an output"],
    ['an odd priority', request({}, { parameters: { priority: 'high' } }), 'priority'],
    ['another input', request({ name: '__proto__' }), 'is missing'],
  ])('refuses %s with 400', async (_, body, message) => {
    const url = await open(doubling());
    const response = await post(url, body);
    expect(response.status).toBe(400);
    expect((await response.json()).error).toContain(message);
  });

  it.each([
    ['more than the body', '999999', 'but the body has'],
    ['no number', '12x', 'whole number'],
    ['negative', '-1', 'whole number'],
  ])('refuses a header length that is %s', async (_, length, message) => {
    const url = await open(doubling());
    const response = await post(url, request(), { 'inference-header-content-length': length });
    expect([response.status, (await response.json()).error]).toEqual([400, expect.stringContaining(message)]);
  });

  it('refuses data that no input asks for', async () => {
    const url = await open(doubling());
    const { body, headers } = binary({ inputs: [x] }, Float32Array.of(1));
    expect((await (await post(url, body, headers)).json()).error).toContain('4 bytes behind');
  });

  it('refuses bodies over the limit with 413', async () => {
    const url = await open(doubling(), { maxBodyBytes: 50 });
    expect((await post(url, request())).status).toBe(413);
  });

  it('tells errors of the model apart', async () => {
    const failures: [TilewiseError | Error, number][] = [
      [new TilewiseError('queue-full', 'full'), 429],
      [new TilewiseError('device-lost', 'lost'), 503],
      [new TilewiseError('internal', 'broken'), 500],
      [new Error('a secret path'), 500],
    ];
    for (const [error, status] of failures) {
      const url = await open(doubling({ run: () => Promise.reject(error) }));
      const response = await post(url, request());
      expect(response.status).toBe(status);
      expect(await response.text()).not.toContain('secret');
      await server?.close();
    }
  });

  it('answers with 504 after the time limit, and aborts the run', async () => {
    let aborted = false;
    const run: ServedModel['run'] = (_, { signal }) =>
      new Promise((_, reject) => {
        signal.addEventListener('abort', () => {
          aborted = true;
          reject(new TilewiseError('aborted', 'the call was aborted'));
        });
      });
    const url = await open(doubling({ run }), { timeoutMs: 30 });
    expect((await post(url, request())).status).toBe(504);
    expect(aborted).toBe(true);
  });

  it('aborts the run of a client that has gone', async () => {
    const gone = new AbortController();
    const aborted = new Promise<void>((resolve) => {
      const run: ServedModel['run'] = (_, { signal }) =>
        new Promise((_, reject) => {
          gone.abort();
          signal.addEventListener('abort', () => {
            resolve();
            reject(new TilewiseError('aborted', 'the call was aborted'));
          });
        });
      void open(doubling({ run })).then((url) =>
        fetch(`${url}/v2/models/double/infer`, { method: 'POST', body: request(), signal: gone.signal }).catch(() => undefined),
      );
    });
    await aborted;
  });
});

describe('draining', () => {
  it('answers what is under way, then refuses, and closes the models', async () => {
    let finish: (() => void) | undefined;
    const began = new Promise<void>((resolve) => {
      const model = doubling();
      const run: ServedModel['run'] = async (feeds, options) => {
        resolve();
        await new Promise<void>((done) => {
          finish = done;
        });
        return model.run(feeds, options);
      };
      closing = { ...model, run };
    });
    const url = await open(closing as ServedModel);
    const answer = post(url, request());
    await began;
    const closed = server?.close();
    finish?.();
    expect((await answer).status).toBe(200);
    await closed;
    await expect(fetch(`${url}/v2/health/ready`)).rejects.toThrow();
    expect((closing as ReturnType<typeof doubling>).closed()).toBe(true);
  });
});

let closing: ServedModel | undefined;
