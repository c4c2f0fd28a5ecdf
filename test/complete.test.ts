import { describe, expect, it } from 'vitest';
import { controlReferences } from '../kernels-ref/control-flow.js';
import { references } from '../kernels-ref/index.js';
import * as canvases from '../shaders/canvas.js';
import * as cpu from '../shaders/cpu.js';
import * as frames from '../shaders/frame.js';
import * as common from '../shaders/index.js';
import * as more from '../shaders/more.js';
import * as roofs from '../shaders/roofs.js';
import { isElementwise } from '../src/kernels/epilogue.js';
import { lowerings } from '../src/kernels/select.js';
import { moreLowerings } from '../src/kernels/select-more.js';
import { operators } from '../src/ops/index.js';
import { filesUnder, readSource } from './support/imports.js';

const shaders = { ...common, ...more, ...roofs, ...frames, ...canvases, ...cpu };
const allLowerings = new Map([...lowerings, ...moreLowerings]);
const opTests = filesUnder('test/ops', '.test.ts').map(readSource).join('\n');
const kernelSources = filesUnder('src', '.ts').filter((file) => /^src\/(kernels|profile)\//.test(file));
const kernelText = kernelSources.map(readSource).join('\n');
const camelCase = (stem: string): string => stem.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
const stemOf = (file: string): string => file.replace(/^.*\//, '').replace(/\.wgsl$/, '');
const shaderFiles = filesUnder('shaders', '.wgsl');
/** Those of shaders/ladder have test/ops/ladder.test.ts. */
const kernels = shaderFiles.filter((file) => !/^shaders\/(lib|ladder)\//.test(file)).map(stemOf);
const exported = new Map<string, unknown>(Object.entries(shaders));
const libraries = shaderFiles.filter((file) => file.startsWith('shaders/lib/')).map(stemOf);

describe('every operator is whole', () => {
  it.each([...operators.values()].filter(({ control }) => !control))(
    '$name',
    ({ name, alias, shapeOnly, hostInputs, inputs, elementwise, attributes }) => {
      expect(
        references.has(name),
        `'${name}' has no CPU reference: add kernels-ref/<stem>.ts and a line in kernels-ref/index.ts`,
      ).toBe(true);
      // With all inputs known on the host, the result is a constant of the plan.
      const hostOnly = shapeOnly || hostInputs?.length === inputs[1];
      const runs = allLowerings.has(name) || alias || hostOnly;
      expect(runs, `'${name}' has no kernel: add src/kernels/<stem>.ts and a line in src/kernels/select.ts`).toBe(true);
      expect(opTests.includes(`'${name}'`), `'${name}' has no test: no file of test/ops has the word '${name}' in quotes`).toBe(
        true,
      );
      if (elementwise && Object.hasOwn(attributes, 'epilogue')) {
        expect(
          isElementwise(name),
          `'${name}' is elementwise, so passes fuse it: add its formula to src/kernels/epilogue.ts`,
        ).toBe(true);
      }
    },
  );

  it('has a CPU reference for control flow, which runs in stages', () => {
    const control = [...operators.values()].filter((operator) => operator.control).map(({ name }) => name);
    expect(control.sort()).toEqual([...controlReferences.keys()].sort());
  });

  it('has no reference or lowering without an operator', () => {
    const known = (name: string): boolean => operators.has(name);
    expect(
      [...references.keys()].filter((name) => !known(name)),
      'references of no operator of src/ops/index.ts',
    ).toEqual([]);
    expect(
      [...allLowerings.keys()].filter((name) => !known(name)),
      'lowerings of no operator of src/ops/index.ts',
    ).toEqual([]);
  });
});

describe('every shader is in use', () => {
  it.each(kernels)('%s', (stem) => {
    const name = camelCase(stem);
    expect(exported.has(name), `shaders/${stem}.wgsl is not exported as '${name}' from shaders/index.ts`).toBe(true);
    expect(exported.get(name), `'${name}' of shaders/index.ts is another file`).toBe(readSource(`shaders/${stem}.wgsl`));
    const used = new RegExp(`name: '${stem}', wgsl: (\\w+\\.)?${name}\\b|cpuKernel\\('${stem}', '${name}'\\)`);
    expect(used.test(kernelText), `no kernel of src/kernels says { name: '${stem}', wgsl: ${name} }`).toBe(true);
  });

  it.each(libraries)('lib/%s', (stem) => {
    expect(shaders.library[stem], `shaders/lib/${stem}.wgsl is not in 'library' of shaders/index.ts`).toBe(
      readSource(`shaders/lib/${stem}.wgsl`),
    );
    expect(kernelText.includes(`'${stem}'`), `no kernel of src/kernels names the library '${stem}'`).toBe(true);
  });

  it('exports nothing else', () => {
    expect(Object.keys(shaders).sort()).toEqual([...kernels.map(camelCase), 'library'].sort());
    expect(Object.keys(shaders.library).sort()).toEqual([...libraries].sort());
  });
});
