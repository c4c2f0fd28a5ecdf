import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { compareGraph } from '../../src/compare.js';
import { importOnnx } from '../../src/importers/onnx/index.js';
import { bind, optimize } from '../../src/passes/index.js';
import type { Plan } from '../../src/plan/plan.js';
import { Tensor } from '../../src/tensor/tensor.js';
import { testDevice } from '../support/device.js';
import { smallNet, temporaryFolder, tilewise, writeModel, writePicture } from './support.js';

/** Turns the sigmoid that is fused into the last convolution into 2 / (1 + e^-v). */
const breakSigmoid = (plan: Plan): Plan => ({
  ...plan,
  pipelines: plan.pipelines.map((pipeline) => ({
    ...pipeline,
    code: pipeline.code.replaceAll(/Elem\(1\) \/ \(/g, 'Elem(2) / ('),
  })),
});

/** Leaves out the last command of every plan of more than one. */
const loseCommand = (plan: Plan): Plan => (plan.commands.length > 1 ? { ...plan, commands: plan.commands.slice(0, -1) } : plan);

describe('compare', () => {
  it('agrees on a sound model', async () => {
    const folder = temporaryFolder();
    const model = await writeModel(folder, smallNet());
    const { code, out } = await tilewise(['compare', model]);
    expect(code).toBe(0);
    expect(out).toContain('the GPU agrees with the reference');
    const picture = await writePicture(folder, 'x.png', 6, 6, new Array(36).fill(200));
    expect((await tilewise(['compare', model, picture, '--tolerance', 'reduction'])).code).toBe(0);
  });

  it('names the node whose kernel is broken', async () => {
    const model = await writeModel(temporaryFolder(), smallNet());
    const broken = await tilewise(['compare', model, '--json'], { alter: breakSigmoid });
    expect(broken.code).toBe(1);
    const { equal, first, nodes } = JSON.parse(broken.out);
    expect(equal).toBe(false);
    expect(first).toMatchObject({ node: 'Conv_2', op: 'Conv', equal: false, differing: 3 });
    expect(first.worst.actual / first.worst.expected).toBeCloseTo(2, 5);
    expect(first.worst.index).toHaveLength(4);
    expect(nodes.filter((node: { equal: boolean }) => !node.equal)).toHaveLength(1);
    const { code, out } = await tilewise(['compare', model], { alter: breakSigmoid });
    expect(code).toBe(1);
    expect(out).toContain("first difference: Conv 'Conv_2', 3 of 3 elements; worst at [0, ");
  });

  it('sees what goes wrong between nodes', async () => {
    const graph = bind(optimize(importOnnx(smallNet())), new Map([['image', [1, 1, 6, 6]]]));
    const feeds = new Map([['image', new Tensor('float32', new Float32Array(36).fill(0.5), [1, 1, 6, 6])]]);
    const { first, outputs } = await compareGraph(graph, feeds, await testDevice(), { alter: loseCommand });
    expect(first?.node).toBeUndefined();
    expect(first?.tensor).toBe(graph.outputs[0]);
    expect(outputs).toHaveLength(1);
  });

  it('shows worst elements, a histogram and what float16 could hold', async () => {
    const folder = temporaryFolder();
    const model = await writeModel(folder, smallNet());
    const html = join(folder, 'report', 'compare.html');
    const { out, err } = await tilewise(['compare', model, '--worst', '2', '--html', html], { alter: breakSigmoid });
    expect(out).toMatch(/^element +GPU +expected +error\n(\[.*\n){2}\n/m);
    expect(out).toMatch(/^0\.1e?.* to 1e\+0|^1e-1 to 1e\+0 +\d/m);
    expect(out).toContain('float16 could hold all values');
    expect(err).toContain(`written: ${html}`);
    const page = await readFile(html, 'utf8');
    expect(page).toContain('First difference: Conv &#39;Conv_2&#39;, 3 of 3 elements');
    expect(page).not.toMatch(/NaN|undefined/);
  });

  it('holds values against golden files', async () => {
    const folder = temporaryFolder();
    const model = await writeModel(folder, smallNet());
    const golden = join(folder, 'golden');
    await tilewise(['run', model, '--output', golden]);
    const sound = await tilewise(['compare', model, '--golden', golden]);
    expect(sound).toMatchObject({ code: 0 });
    expect(sound.out).toContain('agrees with');
    const wrong = await tilewise(['compare', model, '--golden', golden, '--seed', '2', '--json']);
    expect(wrong.code).toBe(1);
    expect(JSON.parse(wrong.out).first).toMatchObject({ equal: false, differing: 3 });
    const empty = await tilewise(['compare', model, '--golden', folder]);
    expect(empty.err).toMatch(/no file in .* is named after a value of the model\nhint: .*NAME\.npy/);
    expect((await tilewise(['compare', model, '--golden', join(folder, 'nowhere')])).err).toContain('cannot read the folder');
  });

  it('holds a model against another', async () => {
    const folder = temporaryFolder();
    const model = await writeModel(folder, smallNet());
    expect((await tilewise(['compare', model, '--against', model])).code).toBe(0);
    const broken = await tilewise(['compare', model, '--against', model], { alter: breakSigmoid });
    expect(broken.code).toBe(1);
    expect(broken.out).toContain("first difference: Conv 'Conv_2'");
    const both = await tilewise(['compare', model, '--against', model, '--golden', folder]);
    expect(both.err).toContain('--against or --golden, not both');
  });

  it('has a column of onnxruntime', async () => {
    const model = await writeModel(temporaryFolder(), smallNet());
    const { out, code } = await tilewise(['compare', model, '--onnxruntime', '--json']);
    expect(code).toBe(0);
    const { nodes, onnxruntime } = JSON.parse(out);
    expect(onnxruntime).toMatch(/^\d+\.\d+/);
    const errors = nodes.map((node: { onnxruntime: number | null }) => node.onnxruntime);
    expect(errors.filter((error: number | null) => error !== null).length).toBeGreaterThan(0);
    for (const error of errors) if (error !== null) expect(error).toBeLessThan(1e-5);
    const text = await tilewise(['compare', model, '--onnxruntime']);
    expect(text.out).toContain('reference - onnxruntime');
  });

  it('holds results to the tolerance named', async () => {
    const model = await writeModel(temporaryFolder(), smallNet());
    const { code, err } = await tilewise(['compare', model, '--tolerance', 'precise']);
    expect(code).toBe(1);
    expect(err).toMatch(/^error: there is no tolerance 'precise'\nhint: the tolerances are: exact, /m);
    expect((await tilewise(['compare', model, '--tolerance', 'exact'])).code).toBe(1);
  });
});
