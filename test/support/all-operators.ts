import { loadSubgraphs } from '../../src/importers/onnx/index.js';
import { loadCpuKernels } from '../../src/kernels/cpu-family.js';
import { loadLowerings, loadTunedLowerings } from '../../src/kernels/select.js';
import { moreLowerings } from '../../src/kernels/select-more.js';
import { loadOperators } from '../../src/ops/index.js';
import { loadPasses } from '../../src/passes/index.js';

// Tests that make and plan graphs without a session want every operator and lowering at hand.
await loadOperators();
await loadSubgraphs();
await loadLowerings(moreLowerings.keys());
await loadTunedLowerings();
await loadCpuKernels();
await loadPasses(moreLowerings.keys());
