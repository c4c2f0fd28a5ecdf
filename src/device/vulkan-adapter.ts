import { createReadStream, existsSync, readdirSync } from 'node:fs';
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
const LOADER = 'libvulkan.so.1';
/** Where Linux distributions keep libraries, and what the user adds. */
const SYSTEM_LIBRARIES = [
  '/usr/lib/x86_64-linux-gnu',
  '/usr/lib/aarch64-linux-gnu',
  '/usr/lib64',
  '/usr/lib',
  '/usr/local/lib',
  ...(process.env.LD_LIBRARY_PATH ?? '').split(':').filter(Boolean),
];
/** glibc's RTLD_NODELETE: Node closes a library that is no addon, and the loader must stay. */
const RTLD_NODELETE = 0x1000;

/**
 * Makes a Vulkan loader available on a Linux machine whose system has none: Dawn finds no driver without one, and
 * complains on stderr.
 */
export const provideVulkanLoader = async (): Promise<void> => {
  if (SYSTEM_LIBRARIES.some((path) => existsSync(join(path, LOADER)))) return;
  const folder = await swiftShaderFolder();
  if (folder) loadVulkanLoader(folder);
};

/** True where some Vulkan driver is installed or named by the environment: only then is the loader worth asking. */
export const hasVulkanDriver = (): boolean =>
  Boolean(process.env.VK_ICD_FILENAMES ?? process.env.VK_DRIVER_FILES ?? process.env.VK_ADD_DRIVER_FILES) ||
  driverFolders().some((folder) => existsSync(folder) && readdirSync(folder).some((file) => file.endsWith('.json')));

/** Where the Vulkan loader looks for drivers (Vulkan-Loader, "Driver Discovery on Linux"). */
const driverFolders = (): string[] => {
  const { HOME = '', XDG_CONFIG_HOME, XDG_CONFIG_DIRS, XDG_DATA_HOME, XDG_DATA_DIRS } = process.env;
  const roots = [
    XDG_CONFIG_HOME ?? join(HOME, '.config'),
    ...(XDG_CONFIG_DIRS ?? '/etc/xdg').split(':'),
    '/etc',
    XDG_DATA_HOME ?? join(HOME, '.local/share'),
    ...(XDG_DATA_DIRS ?? '/usr/local/share:/usr/share').split(':'),
  ];
  return roots.filter(Boolean).map((root) => join(root, 'vulkan', 'icd.d'));
};

/**
 * Makes a software Vulkan adapter (SwiftShader) visible to Dawn where there is no other: from the npm package
 * @sparticuz/chromium, or from a Chromium on the machine. Sets VK_ICD_FILENAMES of this process.
 */
export const provideSwiftShader = async (): Promise<void> => {
  const folder = await swiftShaderFolder();
  if (!folder) return;
  process.env.VK_ICD_FILENAMES = join(folder, ICD);
  process.env.VK_DRIVER_FILES = join(folder, ICD);
};

const swiftShaderFolder = async (): Promise<string | undefined> =>
  (await fromPackage()) ?? BROWSER_FOLDERS.find((path) => existsSync(join(path, ICD)));

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
  const path = join(folder, LOADER);
  if (!existsSync(path)) return;
  try {
    process.dlopen({ exports: {} }, path, constants.dlopen.RTLD_NOW | constants.dlopen.RTLD_GLOBAL | RTLD_NODELETE);
  } catch (error) {
    if (!/self-register/.test(String(error))) throw error;
  }
};
