import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { TextStore } from '../platform.js';

/** Where programs of this system keep what they can do without (XDG base directories; %LOCALAPPDATA%; ~/Library/Caches). */
export const cacheFolder = (env: NodeJS.ProcessEnv = process.env, platform: NodeJS.Platform = process.platform): string => {
  const home = homedir();
  if (env.XDG_CACHE_HOME) return join(env.XDG_CACHE_HOME, 'tilewise');
  if (platform === 'win32') return join(env.LOCALAPPDATA || join(home, 'AppData', 'Local'), 'tilewise');
  if (platform === 'darwin') return join(home, 'Library', 'Caches', 'tilewise');
  return join(home, '.cache', 'tilewise');
};

/** Texts as files of a folder. A file is written whole or not at all. */
export const fileStore = (folder: string = cacheFolder()): TextStore => ({
  read: async (name) => {
    try {
      return await readFile(join(folder, name), 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
  },
  write: async (name, text) => {
    await mkdir(folder, { recursive: true });
    const temporary = join(folder, `.${name}.${process.pid}.tmp`);
    try {
      await writeFile(temporary, text);
      await rename(temporary, join(folder, name));
    } catch (error) {
      await rm(temporary, { force: true });
      throw error;
    }
  },
  remove: async (name) => await rm(join(folder, name), { force: true }),
});
