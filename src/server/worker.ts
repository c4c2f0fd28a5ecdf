import type { Job } from 'bullmq';
import type { Redis } from 'ioredis';
import { TilewiseError } from '../errors.js';
import type { ServedModel } from './served-model.js';
import { formatInferResponse, parseInferRequest } from './v2-protocol.js';

/** What a job carries: the payload stays in Redis under a key of its own, so that the queue moves names and no tensors. */
export interface WorkerJob {
  readonly model: string;
  /** Key of the request: a body of the Open Inference Protocol V2. */
  readonly request: string;
  /** Bytes of its JSON, where binary tensor data follows. */
  readonly headerLength?: number;
}

/** What a job gives: where the response is. */
export interface WorkerResult {
  /** Key of the response, `tilewise:result:` and the job's id: running a job twice gives one result. */
  readonly response: string;
  readonly headerLength?: number;
}

export interface WorkerOptions {
  readonly queue: string;
  /** For example redis://localhost:6379. */
  readonly redis: string;
  /** Jobs taken at a time; they share batches. */
  readonly concurrency: number;
  /** How long a result is kept, in seconds. */
  readonly keepSeconds: number;
  /** After how long the jobs of a worker that went silent are given to another, in milliseconds. */
  readonly lockMs: number;
  /** Told what goes wrong with Redis; the worker tries again. */
  readonly onError?: (message: string) => void;
}

export interface Worker {
  /** Takes no more jobs, finishes those it has and frees the models. */
  close(): Promise<void>;
}

/** A job that would fail again is not tried again. */
const isFinal = ({ code }: TilewiseError): boolean =>
  ['invalid-feed', 'invalid-argument', 'unsupported-model', 'not-found', 'limit-exceeded'].includes(code);

/** Takes jobs of a BullMQ queue and runs them on this process's GPU. Several processes may share a queue. */
export const startWorker = async (models: readonly ServedModel[], options: WorkerOptions): Promise<Worker> => {
  const { Worker: BullWorker, UnrecoverableError } = await import('bullmq');
  const { Redis } = await import('ioredis');
  const redis = new Redis(options.redis, { maxRetriesPerRequest: null });
  redis.on('error', ({ message }) => options.onError?.(message));
  const byName = new Map(models.map((model) => [model.name, model]));
  const stopping = new AbortController();
  const perform = async (job: Job<WorkerJob, WorkerResult>): Promise<WorkerResult> => {
    try {
      return await runJob(job, byName, redis, options.keepSeconds, stopping.signal);
    } catch (error) {
      if (error instanceof TilewiseError && isFinal(error)) throw new UnrecoverableError(`${error.code}: ${error.message}`);
      throw error;
    }
  };
  const worker = new BullWorker<WorkerJob, WorkerResult>(options.queue, perform, {
    connection: redis.duplicate(),
    concurrency: options.concurrency,
    lockDuration: options.lockMs,
    stalledInterval: options.lockMs,
    // A job is given up when it has taken that many workers down with it.
    maxStalledCount: 3,
  });
  worker.on('error', ({ message }) => options.onError?.(message));
  await worker.waitUntilReady();
  return {
    close: async () => {
      await worker.close();
      await Promise.all(models.map((model) => model.close()));
      await redis.quit();
    },
  };
};

const runJob = async (
  { id, data }: Job<WorkerJob, WorkerResult>,
  models: ReadonlyMap<string, ServedModel>,
  redis: Redis,
  keepSeconds: number,
  signal: AbortSignal,
): Promise<WorkerResult> => {
  const response = `tilewise:result:${id}`;
  const lengthKey = `${response}:header-length`;
  const resultOf = (length: string | null): WorkerResult => ({ response, ...(length && { headerLength: Number(length) }) });
  if (await redis.exists(response)) return resultOf(await redis.get(lengthKey));
  const model = models.get(data.model);
  if (!model) throw new TilewiseError('not-found', `this worker has no model named '${data.model}'`);
  const bytes = await redis.getBuffer(data.request);
  if (!bytes) throw new TilewiseError('not-found', `there is no payload under the key '${data.request}'`);
  const request = parseInferRequest(bytes, data.headerLength === undefined ? undefined : String(data.headerLength));
  const results = await model.run(Object.fromEntries(request.inputs), { signal, priority: request.priority });
  const { body, headerLength } = formatInferResponse(model.name, '1', request, results);
  const length = headerLength === undefined ? '' : String(headerLength);
  // Both or neither, and the first of two workers that ran the job.
  await redis
    .multi()
    .set(response, Buffer.from(body.buffer, body.byteOffset, body.length), 'EX', keepSeconds, 'NX')
    .set(lengthKey, length, 'EX', keepSeconds, 'NX')
    .exec();
  return resultOf(length);
};
