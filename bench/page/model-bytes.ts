import { platform } from '../../src/platform.js';
import type { ModelSource } from './protocol.js';

/** The bytes of a model that was given as a file or by its URL. */
export const modelBytes = async ({ bytes, url = '' }: ModelSource): Promise<Uint8Array> =>
  bytes ? new Uint8Array(bytes) : await platform().read(url);

/** A name for a model's file or URL that no other has: letters, digits, '.', '_' and '-'. */
export const modelName = (path: string, taken: readonly string[]): string => {
  const base =
    path
      .replace(/[?#].*$/, '')
      .replace(/^.*\//, '')
      .replace(/\.onnx$/i, '')
      .replace(/[^\w.-]+/g, '-') || 'model';
  for (let i = 1; ; i++) {
    const name = i === 1 ? base : `${base}-${i}`;
    if (!taken.includes(name)) return name;
  }
};
