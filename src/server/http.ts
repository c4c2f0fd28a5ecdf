import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { type ErrorCode, TilewiseError } from '../errors.js';
import type { ValueMetadata } from '../feeds.js';
import { VERSION } from '../version.js';
import { createMetrics, type Metrics } from './metrics.js';
import type { ServedModel } from './served-model.js';
import { datatypeOf, formatInferResponse, HEADER_LENGTH, parseInferRequest } from './v2-protocol.js';

export interface ServerOptions {
  /** Most bytes of a request's body; larger ones are answered with 413. */
  readonly maxBodyBytes?: number;
  /** Most milliseconds from a request's body to its answer; then it is answered with 504. */
  readonly timeoutMs?: number;
}

export interface Server {
  /** Begins to listen; the address is one that a client can use. */
  listen(port: number, host: string): Promise<string>;
  /** Refuses new requests, answers those under way and frees the models. */
  close(): Promise<void>;
}

/** The one version of each model that is served. */
const MODEL_VERSION = '1';
const DEFAULTS = { maxBodyBytes: 64 * 2 ** 20, timeoutMs: 30_000 };

const statusOf: Readonly<Partial<Record<ErrorCode, number>>> = {
  'invalid-feed': 400,
  'invalid-argument': 400,
  'unsupported-model': 400,
  'not-found': 404,
  'limit-exceeded': 413,
  'queue-full': 429,
  'device-lost': 503,
  disposed: 503,
  aborted: 504,
};

/**
 * An HTTP server that speaks the Open Inference Protocol V2 (https://github.com/kserve/open-inference-protocol): health,
 * metadata and inference with JSON or binary tensors, and metrics for Prometheus.
 */
export const createServer = async (models: readonly ServedModel[], options: ServerOptions = {}): Promise<Server> => {
  const { maxBodyBytes, timeoutMs } = { ...DEFAULTS, ...options };
  const { fastify } = await import('fastify');
  // Node closes idle connections at once, the others when their requests are answered.
  const app = fastify({ bodyLimit: maxBodyBytes, requestTimeout: timeoutMs, forceCloseConnections: 'idle' });
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_, body, done) => done(null, body));
  const byName = new Map(models.map((model) => [model.name, model]));
  const metrics = await createMetrics(models);
  const house: House = { byName, metrics, timeoutMs, isDraining: false };
  addErrors(app);
  addHealth(app, house);
  addModels(app, house);
  app.get('/metrics', async (_, reply) => reply.type(metrics.contentType).send(await metrics.text()));
  return {
    listen: (port, host) => app.listen({ port, host }),
    close: async () => {
      house.isDraining = true;
      await app.close();
      await Promise.all(models.map((model) => model.close()));
    },
  };
};

interface House {
  readonly byName: ReadonlyMap<string, ServedModel>;
  readonly metrics: Metrics;
  readonly timeoutMs: number;
  isDraining: boolean;
}

const addErrors = (app: FastifyInstance): void => {
  app.setErrorHandler<Error & { statusCode?: number }>((error, _, reply) => {
    if (error instanceof TilewiseError) {
      const status = statusOf[error.code] ?? 500;
      if (status === 429 || status === 503) reply.header('retry-after', '1');
      const hint = error.hint === undefined ? '' : ` (${error.hint})`;
      return reply.code(status).send({ error: `${error.message}${hint}`, code: error.code });
    }
    const status = error.statusCode ?? 500;
    return reply.code(status).send({ error: status < 500 ? error.message : 'internal error' });
  });
  app.setNotFoundHandler((request, reply) =>
    reply.code(404).send({ error: `no such endpoint: ${request.method} ${request.url}` }),
  );
};

const addHealth = (app: FastifyInstance, house: House): void => {
  app.get('/v2', () => ({ name: 'tilewise', version: VERSION, extensions: ['binary_tensor_data'] }));
  app.get('/v2/health/live', () => ({ live: true }));
  app.get('/v2/health/ready', (_, reply) => reply.code(house.isDraining ? 503 : 200).send({ ready: !house.isDraining }));
};

interface ModelParams {
  readonly name: string;
  readonly version?: string;
}

const addModels = (app: FastifyInstance, house: House): void => {
  for (const path of ['/v2/models/:name', '/v2/models/:name/versions/:version']) {
    app.get<{ Params: ModelParams }>(path, ({ params }) => metadataOf(modelOf(house, params)));
    app.get<{ Params: ModelParams }>(`${path}/ready`, ({ params }, reply) => {
      const { name } = modelOf(house, params);
      return reply.code(house.isDraining ? 503 : 200).send({ name, ready: !house.isDraining });
    });
    app.post<{ Params: ModelParams }>(`${path}/infer`, (request, reply) => infer(house, request, reply));
  }
};

const modelOf = ({ byName }: House, { name, version: wanted = MODEL_VERSION }: ModelParams): ServedModel => {
  const model = byName.get(name);
  if (!model) {
    const hint = `models served here: ${[...byName.keys()].join(', ')}`;
    throw new TilewiseError('not-found', `no model is named '${name}'`, { hint });
  }
  if (wanted !== MODEL_VERSION) throw new TilewiseError('not-found', `model '${name}' has version ${MODEL_VERSION} alone`);
  return model;
};

/** A symbolic or unknown extent is -1. */
const metadataOf = ({ name, inputs, outputs }: ServedModel) => {
  const tensors = (values: readonly ValueMetadata[]) =>
    values.map(({ name, type, shape }) => ({
      name,
      datatype: datatypeOf(type),
      shape: (shape ?? [-1]).map((extent) => (typeof extent === 'number' ? extent : -1)),
    }));
  return { name, versions: [MODEL_VERSION], platform: 'onnx', inputs: tensors(inputs), outputs: tensors(outputs) };
};

const infer = async (
  house: House,
  request: FastifyRequest<{ Params: ModelParams }>,
  reply: FastifyReply,
): Promise<FastifyReply> => {
  const model = modelOf(house, request.params);
  const begin = performance.now();
  // A request that fails is counted when it is answered, with its status.
  reply.raw.once('finish', () => house.metrics.answered(model.name, reply.statusCode, (performance.now() - begin) / 1000));
  const length = request.headers[HEADER_LENGTH];
  const parsed = parseInferRequest(bodyOf(request.body), typeof length === 'string' ? length : undefined);
  checkOutputs(model, parsed.outputs);
  const feeds = Object.fromEntries(parsed.inputs);
  const results = await model.run(feeds, { signal: signalOf(reply, house.timeoutMs), priority: parsed.priority });
  const wanted = parsed.outputs ?? model.outputs.map(({ name }) => name);
  const { body, headerLength } = formatInferResponse(model.name, MODEL_VERSION, parsed, pick(results, wanted));
  if (headerLength === undefined) return reply.type('application/json').send(body);
  return reply.type('application/octet-stream').header(HEADER_LENGTH, String(headerLength)).send(body);
};

const bodyOf = (body: unknown): Uint8Array => {
  if (body instanceof Uint8Array) return body;
  throw new TilewiseError('invalid-feed', 'the request has no body');
};

const checkOutputs = ({ name, outputs }: ServedModel, wanted: readonly string[] | undefined): void => {
  const unknown = wanted?.find((output) => !outputs.some(({ name }) => name === output));
  if (unknown === undefined) return;
  const hint = `its outputs are: ${outputs.map(({ name }) => name).join(', ')}`;
  throw new TilewiseError('invalid-feed', `'${unknown}' is not an output of model '${name}'`, { tensor: unknown, hint });
};

const pick = <T>(values: Readonly<Record<string, T>>, names: readonly string[]): Record<string, T> =>
  Object.fromEntries(names.map((name) => [name, values[name] as T]));

/** Fires when the time is over or the client has gone: nobody waits for the answer then. */
const signalOf = (reply: FastifyReply, timeoutMs: number): AbortSignal => {
  const gone = new AbortController();
  reply.raw.once('close', () => {
    if (!reply.raw.writableFinished) gone.abort();
  });
  return AbortSignal.any([AbortSignal.timeout(timeoutMs), gone.signal]);
};
