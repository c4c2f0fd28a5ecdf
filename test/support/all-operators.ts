import { loadLowerings } from '../../src/kernels/select.js';
import { moreLowerings } from '../../src/kernels/select-more.js';
import { loadOperators } from '../../src/ops/index.js';

// Tests that make and plan graphs without a session want every operator and lowering at hand.
await loadOperators();
await loadLowerings(moreLowerings.keys());
