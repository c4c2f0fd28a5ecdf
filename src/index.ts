import { TilewiseError } from './errors.js';
import { setPlatform } from './platform.js';

setPlatform({
  gpu: async () => globalThis.navigator?.gpu,
  noAdapterHint: 'use a browser with WebGPU (Chrome 113, Edge 113, Safari 26, Firefox 141 or later) on a secure origin',
  read: async (source) => {
    const response = await fetch(source).catch((cause: unknown) => {
      throw new TilewiseError('not-found', `${source} cannot be fetched: ${(cause as Error).message}`, { cause });
    });
    if (!response.ok) throw new TilewiseError('not-found', `${source}: HTTP ${response.status} ${response.statusText}`);
    return new Uint8Array(await response.arrayBuffer());
  },
  store: async () => (await import('./tuner/indexed-db-store.js')).indexedDbStore(),
});

export * from './api.js';
