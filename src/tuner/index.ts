// The entry `tilewise/tune`, for browsers and Node, beside `tilewise` or `tilewise/node`.

export { forgetTables, storedTables } from './store.js';
export type { TunedEntry, TuningTable } from './table.js';
export { type TuneOptions, type TuneProgress, type TuningResult, tune } from './tune.js';
