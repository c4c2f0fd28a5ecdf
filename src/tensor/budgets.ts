/** What a model may make this library allocate. A file of a hundred bytes can ask for any amount. */
export interface Budgets {
  /** Most bytes of one tensor, and of all buffers of a plan together. */
  readonly maxBytes: number;
  /** Most elements that a model has computed on the host at load, beside its weights. */
  readonly maxFoldedElements: number;
}

export const defaultBudgets: Budgets = { maxBytes: 2 ** 32, maxFoldedElements: 2 ** 24 };

/** Runs that a device works on at a time; each reads back through memory of its own. */
export const RUNS_IN_FLIGHT = 2;
