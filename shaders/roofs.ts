// The WGSL texts of the benchmarks of an adapter's roofs: they reach a page that measures.
import roofAluText from './roof-alu.wgsl?raw';
import roofLaunchText from './roof-launch.wgsl?raw';
import roofMemoryText from './roof-memory.wgsl?raw';

export const roofAlu: string = roofAluText;
export const roofLaunch: string = roofLaunchText;
export const roofMemory: string = roofMemoryText;
