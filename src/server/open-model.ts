import { TilewiseError } from '../errors.js';
import { createQueue, type QueueOptions } from '../serve/queue.js';
import { InferenceSession } from '../session.js';
import type { ServedModel } from './served-model.js';

/**
 * A model behind a queue. Where its operators do not keep samples apart, or its inputs have no batch, requests run one
 * at a time.
 */
export const openServedModel = async (name: string, bytes: Uint8Array, options: QueueOptions): Promise<ServedModel> => {
  const { session, maxBatch } = await openSession(bytes, options.maxBatch ?? 32);
  const queue = createQueue(session, { ...options, maxBatch });
  return {
    name,
    inputs: session.inputMetadata,
    outputs: session.outputMetadata,
    run: (feeds, requestOptions) => queue.run(feeds, requestOptions),
    stats: () => queue.stats(),
    close: async () => {
      await queue.close();
      await session.release();
    },
  };
};

const openSession = async (bytes: Uint8Array, maxBatch: number): Promise<{ session: InferenceSession; maxBatch: number }> => {
  if (maxBatch === 1) return { session: await InferenceSession.create(bytes), maxBatch };
  try {
    const session = await InferenceSession.create(bytes, { batch: 'dynamic' });
    return { session, maxBatch };
  } catch (error) {
    if (!(error instanceof TilewiseError) || error.code !== 'unsupported-model') throw error;
    return { session: await InferenceSession.create(bytes), maxBatch: 1 };
  }
};
