import { loadLowerings } from '../../src/kernels/select.js';
import { moreLowerings } from '../../src/kernels/select-more.js';

// Tests that plan graphs without a session want every lowering at hand.
await loadLowerings(moreLowerings.keys());
