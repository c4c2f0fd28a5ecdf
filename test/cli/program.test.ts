import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { smallNet, temporaryFolder, tilewise, writeModel } from './support.js';

const commands = ['run', 'inspect', 'compare', 'models'];

describe('the command line', () => {
  it('shows its commands', async () => {
    const { code, out } = await tilewise([]);
    expect(code).toBe(0);
    for (const name of commands) expect(out).toMatch(new RegExp(`^  ${name} `, 'm'));
    expect((await tilewise(['--help'])).out).toBe(out);
  });

  it.each(commands)('%s --help has an example', async (name) => {
    const { code, out } = await tilewise([name, '--help']);
    expect(code).toBe(0);
    expect(out).toContain(`$ tilewise ${name}`);
  });

  it('prints the version', async () => {
    expect((await tilewise(['--version'])).out).toMatch(/^\d+\.\d+\.\d+$/);
  });

  it.each([
    [['inspekt'], "unknown command 'inspekt'", 'Did you mean inspect?'],
    [['run', '--topp', '3'], "unknown option '--topp'", 'Did you mean --top?'],
    [['frobnicate'], "unknown command 'frobnicate'", 'tilewise --help lists commands'],
    [['inspect'], "missing required argument 'models'", 'tilewise COMMAND --help'],
    [['inspect', 'a', 'b'], 'inspect prints one model', '--card FILE'],
    [['reparameterize', 'a', 'b', '-o', 'c'], "too many arguments for 'reparameterize'", 'tilewise COMMAND --help'],
    [['run', '--top', 'many'], "argument 'many' is invalid", 'tilewise COMMAND --help'],
    [['inspect', 'x', '--dims', 'N'], 'NAME=SIZE', 'tilewise COMMAND --help'],
  ])('%j is refused', async (args, error, hint) => {
    const { code, out, err } = await tilewise(args);
    expect(code).toBe(1);
    expect(out).toBe('');
    const lines = err.split('\n');
    expect(lines).toHaveLength(2);
    expect(lines[0]).toMatch(/^error: /);
    expect(lines[0]).toContain(error);
    expect(lines[1]).toMatch(/^hint: /);
    expect(lines[1]).toContain(hint);
  });

  it('says what is wrong with a file in one line, and where only when asked', async () => {
    const folder = temporaryFolder();
    const missing = await tilewise(['inspect', join(folder, 'none.onnx')]);
    expect(missing).toEqual({ code: 1, out: '', err: `error: cannot read ${join(folder, 'none.onnx')}: no such file` });
    const text = join(folder, 'text.onnx');
    await writeFile(text, 'this is no model');
    for (const command of ['run', 'inspect', 'compare']) {
      const { code, err } = await tilewise([command, text]);
      expect(code).toBe(1);
      expect(err).toMatch(/^error: .+$/m);
      expect(err).not.toContain('    at ');
    }
    expect((await tilewise(['inspect', text], { debug: true })).err).toContain('    at ');
  });

  it('refuses extents that no input has', async () => {
    const model = await writeModel(temporaryFolder(), smallNet('batch'));
    const { code, err } = await tilewise(['inspect', model, '--dims', 'bach=2']);
    expect(code).toBe(1);
    expect(err).toContain("no input of the model has an extent named 'bach'");
    expect(err).toContain('hint: the symbols are: batch');
  });
});
