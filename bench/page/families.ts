import type { CaseInfo } from './protocol.js';

/** Cases that people pick together. */
export interface Family {
  readonly id: string;
  readonly title: string;
  readonly has: (one: CaseInfo) => boolean;
}

const named =
  (pattern: RegExp) =>
  ({ name }: CaseInfo): boolean =>
    pattern.test(name);

/** The first that has a case is its family; the last takes what is left. */
export const families: readonly Family[] = [
  { id: 'matmul', title: 'Matrix products, the ladder', has: named(/^matmul\//) },
  { id: 'conv', title: 'Convolutions', has: named(/^conv-/) },
  { id: 'winograd', title: 'Winograd convolutions', has: named(/^winograd/) },
  { id: 'depthwise', title: 'Depthwise convolutions', has: named(/^depthwise-/) },
  { id: 'quantized', title: 'Products of int8 and int4', has: named(/^dequant-matmul|^matmul-int8/) },
  { id: 'fusion', title: 'Fusion on and off', has: ({ group }) => group === 'fusion' },
  { id: 'batch', title: 'Batches', has: ({ group }) => group === 'batch' },
  { id: 'models', title: 'Whole models', has: ({ group }) => group === 'models' },
  { id: 'overhead', title: 'What the host costs', has: ({ group }) => group === 'overhead' },
  { id: 'memory', title: 'Memory', has: () => true },
];

export const familyOf = (one: CaseInfo): Family => families.find(({ has }) => has(one)) as Family;

/** What is picked: families by id and single cases by name. 'all' also takes what is added later. */
export type Pick = 'all' | readonly string[];

export const isPicked = (one: CaseInfo, pick: Pick): boolean =>
  pick === 'all' || pick.includes(one.name) || pick.includes(familyOf(one).id);

/** The shortest pick that has these cases and no others of `all`. */
export const pickOf = (all: readonly CaseInfo[], picked: ReadonlySet<string>): Pick => {
  if (all.every(({ name }) => picked.has(name))) return 'all';
  return families.flatMap((family) => {
    const cases = all.filter((one) => familyOf(one) === family);
    const chosen = cases.filter(({ name }) => picked.has(name)).map(({ name }) => name);
    return chosen.length > 0 && chosen.length === cases.length ? [family.id] : chosen;
  });
};
