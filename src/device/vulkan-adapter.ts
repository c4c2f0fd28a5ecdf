import { createReadStream, existsSync } from 'node:fs';
import { mkdtemp, readFile, rename, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { constants, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createBrotliDecompress } from 'node:zlib';
import { extract } from 'tar-fs';

/** Folders of a Chromium on the machine that hold SwiftShader beside its ICD file. */
const BROWSER_FOLDERS = ['/usr/lib/chromium', '/usr/lib/chromium-browser', '/opt/google/chrome', '/opt/microsoft/msedge'];
const ICD = 'vk_swiftshader_icd.json';
/** glibc's RTLD_NODELETE: Node closes a library that is no addon, and the loader must stay. */
const RTLD_NODELETE = 0x1000;

/**
 * Makes a software Vulkan adapter (SwiftShader) visible to Dawn on a Linux machine that has none: from the npm package
 * @sparticuz/chromium, or from a Chromium on the machine. Sets VK_ICD_FILENAMES of this process and loads the Vulkan
 * loader where the system has none. Returns the folder used, or undefined where there is nothing to be found.
 */
export const vulkanAdapter = async (): Promise<string | undefined> => {
  const folder = (await fromPackage()) ?? BROWSER_FOLDERS.find((path) => existsSync(join(path, ICD)));
  if (!folder) return undefined;
  process.env.VK_ICD_FILENAMES = join(folder, ICD);
  process.env.VK_DRIVER_FILES = join(folder, ICD);
  loadVulkanLoader(folder);
  return folder;
};

/** SwiftShader out of @sparticuz/chromium, unpacked once a version into the temporary folder. */
const fromPackage = async (): Promise<string | undefined> => {
  const root = packageRoot();
  if (!root) return undefined;
  const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { version: string };
  const target = join(tmpdir(), `tilewise-swiftshader-${version}-${process.getuid?.() ?? 0}`);
  if (existsSync(join(target, ICD))) return target;
  const unpacked = await mkdtemp(join(tmpdir(), 'tilewise-'));
  await pipeline(createReadStream(join(root, 'bin', 'swiftshader.tar.br')), createBrotliDecompress(), extract(unpacked));
  // Another process may have been faster; either folder is complete, because a rename is atomic.
  await rename(unpacked, target).catch(() => rm(unpacked, { recursive: true, force: true }));
  return target;
};

/** The folder of an installed @sparticuz/chromium, seen from the application's folder or from this package. */
const packageRoot = (): string | undefined => {
  for (const from of [join(process.cwd(), 'package.json'), import.meta.url]) {
    try {
      const entry = createRequire(from).resolve('@sparticuz/chromium');
      return dirname(dirname(dirname(entry)));
    } catch {
      // Not installed there: the next place is tried.
    }
  }
  return undefined;
};

/** Maps libvulkan.so.1 where the system's linker does not find it. dlopen of a non-addon throws after mapping it. */
const loadVulkanLoader = (folder: string): void => {
  const path = join(folder, 'libvulkan.so.1');
  if (!existsSync(path)) return;
  try {
    process.dlopen({ exports: {} }, path, constants.dlopen.RTLD_NOW | constants.dlopen.RTLD_GLOBAL | RTLD_NODELETE);
  } catch (error) {
    if (!/self-register/.test(String(error))) throw error;
  }
};
