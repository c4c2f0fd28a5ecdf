import { spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../cli/support.js';

/** An unpacked bundle whose Node only prints what it is given, and a driver file. */
const bundle = (): { folder: string; driver: string } => {
  const folder = temporaryFolder();
  mkdirSync(join(folder, 'bin'));
  writeFileSync(join(folder, 'bin/node'), '#!/bin/sh\necho "node $*; drivers $VK_DRIVER_FILES"\n');
  chmodSync(join(folder, 'bin/node'), 0o755);
  copyFileSync('bench/headless/run.sh', join(folder, 'run.sh'));
  const driver = join(folder, 'driver.json');
  writeFileSync(driver, '{"ICD": {"library_path": "/no/such/library.so"}}');
  return { folder, driver };
};

const run = (folder: string, args: readonly string[], env: Record<string, string> = {}) => {
  const { status, stdout, stderr } = spawnSync('sh', ['run.sh', ...args], {
    cwd: folder,
    encoding: 'utf8',
    env: { PATH: process.env.PATH ?? '', ...env },
  });
  return { status, stdout, stderr };
};

describe('run.sh of the headless bundle', () => {
  it('runs tests and benchmarks on the driver that is named', () => {
    const { folder, driver } = bundle();
    const args = ['--machine', 'my machine', '--quick', '--only', 'matmul', '--out', 'out'];
    const { status, stdout } = run(folder, args, { VK_DRIVER_FILES: driver });
    expect(status).toBe(0);
    expect(stdout).toContain(`note: ${driver} names /no/such/library.so, which does not exist`);
    const app = join(folder, 'app/dist');
    const common = '--only matmul --machine my machine --json out/my-machine';
    expect(stdout).toContain(`node ${app}/checks.js ${common}.tests.json; drivers ${driver}`);
    expect(stdout).toContain(`node ${app}/cli.js bench --quick ${common}.json; drivers ${driver}`);
  });

  it('runs a part of it, on the software adapter', () => {
    const { folder, driver } = bundle();
    const tests = run(folder, ['--tests-only'], { VK_DRIVER_FILES: driver }).stdout;
    expect(tests).toContain('checks.js');
    expect(tests).not.toContain('cli.js');
    mkdirSync(join(folder, 'vulkan'));
    writeFileSync(join(folder, 'vulkan/vk_swiftshader_icd.json'), '{"ICD": {"library_path": "./missing.so"}}');
    const benches = run(folder, ['--bench-only', '--software'], { VK_DRIVER_FILES: driver }).stdout;
    expect(benches).not.toContain('checks.js');
    expect(benches).toContain(`drivers ${join(folder, 'vulkan/vk_swiftshader_icd.json')}`);
  });

  it('says what is missing', () => {
    const { folder } = bundle();
    const gone = run(folder, [], { VK_DRIVER_FILES: '/no/such/driver.json' });
    expect(gone).toMatchObject({ status: 3, stderr: 'error: the driver file /no/such/driver.json does not exist\n' });
    expect(run(folder, ['--fast'])).toMatchObject({ status: 2, stderr: expect.stringContaining('unknown option --fast') });
    expect(run(folder, ['--help'])).toMatchObject({ status: 0, stdout: expect.stringContaining('usage: run.sh') });
    const bare = temporaryFolder();
    copyFileSync('bench/headless/run.sh', join(bare, 'run.sh'));
    expect(run(bare, [])).toMatchObject({ status: 2, stderr: expect.stringContaining('tilewise-headless.tar.gz is missing') });
  });
});
