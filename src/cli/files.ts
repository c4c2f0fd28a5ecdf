import { existsSync, readFileSync } from 'node:fs';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { TilewiseError } from '../errors.js';

/** The bytes of a file; `not-found` with the reason in words where it cannot be read. */
export const readBytes = async (path: string): Promise<Uint8Array> => {
  try {
    return await readFile(path);
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    const reasons: Record<string, string> = { ENOENT: 'no such file', EISDIR: 'it is a folder', EACCES: 'permission denied' };
    throw new TilewiseError('not-found', `cannot read ${path}: ${reasons[code ?? ''] ?? message}`, { cause });
  }
};

export const readText = async (path: string): Promise<string> => new TextDecoder().decode(await readBytes(path));

export const readJson = async (path: string): Promise<unknown> => {
  const text = await readText(path);
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new TilewiseError('invalid-argument', `${path} is not JSON: ${(cause as Error).message}`, { cause });
  }
};

/** Writes all of a file or nothing: to a temporary one beside it, which is then renamed. */
export const writeAtomically = async (path: string, data: Uint8Array | string): Promise<void> => {
  await mkdir(dirname(path), { recursive: true });
  const temporary = join(dirname(path), `.${basename(path)}.${process.pid}.tmp`);
  try {
    await writeFile(temporary, data);
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
};

/** A name from a model as a file name: no separators, no hidden files, nothing but plain characters. */
export const fileNameOf = (name: string): string => name.replace(/[^\w.-]+/g, '_').replace(/^\.+/, '_') || '_';

/** The folder of this package, wherever the build has put the code. */
export const packageRoot = (): string => {
  let folder = dirname(fileURLToPath(import.meta.url));
  for (;;) {
    const file = join(folder, 'package.json');
    if (existsSync(file) && (JSON.parse(readFileSync(file, 'utf8')) as { name?: string }).name === 'tilewise') return folder;
    if (folder === dirname(folder)) throw new TilewiseError('internal', 'the folder of the package was not found');
    folder = dirname(folder);
  }
};

/** The version in this package's package.json. */
export const packageVersion = (): string =>
  (JSON.parse(readFileSync(join(packageRoot(), 'package.json'), 'utf8')) as { version: string }).version;
