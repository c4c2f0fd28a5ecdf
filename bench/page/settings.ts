import type { Pick } from './families.js';

/** What a permalink holds. */
export interface Settings {
  readonly quick: boolean;
  readonly pick: Pick;
  /** Texts as `tilewise bench --only` takes them, in place of a pick. */
  readonly only?: string;
  readonly budgetSeconds?: number;
  readonly machine?: string;
  /** Models to fetch. */
  readonly models: readonly string[];
}

/** Settings as the fragment of a URL, '' for those that a new page has. */
export const toHash = ({ quick, pick, budgetSeconds, machine, models }: Settings): string => {
  const parameters = new URLSearchParams();
  if (!quick) parameters.set('quick', '0');
  if (pick !== 'all') parameters.set('cases', pick.join(','));
  if (budgetSeconds !== undefined) parameters.set('budget', String(budgetSeconds));
  if (machine) parameters.set('machine', machine);
  for (const url of models) parameters.append('model', url);
  const text = parameters.toString();
  return text === '' ? '' : `#${text}`;
};

/** Settings from a fragment; what is malformed is as on a new page. */
export const fromHash = (hash: string): Settings => {
  const parameters = new URLSearchParams(hash.replace(/^#/, ''));
  const cases = parameters.get('cases');
  const budget = Number(parameters.get('budget'));
  const only = parameters.get('only');
  const machine = parameters.get('machine');
  return {
    quick: parameters.get('quick') !== '0',
    pick: cases === null ? 'all' : cases.split(',').filter(Boolean),
    models: parameters.getAll('model'),
    ...(only && { only }),
    ...(budget > 0 && Number.isFinite(budget) && { budgetSeconds: budget }),
    ...(machine && { machine }),
  };
};
