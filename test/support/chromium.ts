import { execFile } from 'node:child_process';
import { createReadStream, createWriteStream, existsSync } from 'node:fs';
import { mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { createBrotliDecompress } from 'node:zlib';
import type { LaunchOptions } from 'playwright';
import { extract } from 'tar-fs';

const INSTALLED = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

/** WebGPU on a software adapter, without network or sandbox. */
const ARGS = [
  '--enable-unsafe-webgpu',
  '--use-webgpu-adapter=swiftshader',
  // On SwiftShader, workgroup memory that this extension zeroes costs seconds of compilation; Dawn zeroes it otherwise without.
  '--disable-dawn-features=use_vulkan_zero_initialize_workgroup_memory_extension',
  '--no-sandbox',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
];

/** Video frames as textures: Chromium's GPU process ends at the first where it does not itself draw with Vulkan. */
const VIDEO_ARGS = [
  '--use-vulkan=swiftshader',
  '--use-angle=swiftshader',
  '--enable-features=Vulkan',
  '--enable-unsafe-swiftshader',
  '--ignore-gpu-blocklist',
];

export interface ChromiumOptions {
  /** With external textures, which the software adapter lacks else. */
  readonly video?: boolean;
}

/** A Chromium with WebGPU: CHROMIUM_PATH, one of the machine's, or the one in the package @sparticuz/chromium. */
export const chromiumLaunch = async ({ video = false }: ChromiumOptions = {}): Promise<LaunchOptions> => {
  const args = video ? [...ARGS, ...VIDEO_ARGS] : ARGS;
  const installed = process.env.CHROMIUM_PATH ?? INSTALLED.find((path) => existsSync(path));
  if (installed) return { executablePath: installed, args };
  const folder = await unpackedChromium();
  const executablePath = join(folder, 'chromium');
  return { executablePath, args, env: await environment(folder, executablePath) };
};

/** The package's Chromium, unpacked once a version into a folder of this user's. */
const unpackedChromium = async (): Promise<string> => {
  const root = dirname(dirname(dirname(createRequire(import.meta.url).resolve('@sparticuz/chromium'))));
  const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { version: string };
  const target = join(tmpdir(), `tilewise-chromium-${version}-${process.getuid?.() ?? 0}`);
  if (existsSync(target)) return target;
  const unpacked = await mkdtemp(join(tmpdir(), 'tilewise-'));
  const from = (file: string) => createReadStream(join(root, 'bin', file)).pipe(createBrotliDecompress());
  await Promise.all([
    pipeline(from('chromium.br'), createWriteStream(join(unpacked, 'chromium'), { mode: 0o755 })),
    ...['swiftshader.tar.br', 'fonts.tar.br', 'al2023.tar.br'].map((file) => pipeline(from(file), extract(unpacked))),
  ]);
  await writeFile(join(unpacked, 'fonts.conf'), `<fontconfig><dir>${join(target, 'fonts')}</dir></fontconfig>\n`);
  // Another process may have been faster; either folder is complete, because a rename is atomic.
  await rename(unpacked, target).catch(() => rm(unpacked, { recursive: true, force: true }));
  return target;
};

/** For the browser process alone: the package's fonts and its NSS libraries, where the machine has none. */
const environment = async (folder: string, executable: string): Promise<Record<string, string>> => {
  const linked = await promisify(execFile)('ldd', [executable]).then(
    ({ stdout }) => stdout,
    () => '',
  );
  return {
    ...(process.env as Record<string, string>),
    ...(linked.includes('not found') && { LD_LIBRARY_PATH: join(folder, 'lib') }),
    ...(!existsSync('/etc/fonts/fonts.conf') && { FONTCONFIG_PATH: folder }),
  };
};
