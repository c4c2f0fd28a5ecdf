import { TilewiseError } from '../errors.js';

/** Checks that packages which the library does not bring along are installed. */
export const importOptional = async (...packages: readonly string[]): Promise<void> => {
  const missing: string[] = [];
  for (const name of packages) {
    try {
      await import(/* @vite-ignore */ name);
    } catch {
      missing.push(name);
    }
  }
  if (missing.length === 0) return;
  throw new TilewiseError('not-found', `this command needs ${missing.join(' and ')}`, {
    hint: `npm install ${missing.join(' ')}`,
  });
};
