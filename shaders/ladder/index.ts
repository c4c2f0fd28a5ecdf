// The ladder of matrix products for learners: five kernels for the same formula, from the plainest to one that needs
// neither workgroup memory nor barriers. Benchmarks run them; models run the kernels of shaders/.

import naiveText from './naive.wgsl?raw';
import registerTiledText from './register-tiled.wgsl?raw';
import subgroupText from './subgroup.wgsl?raw';
import vec4Text from './vec4.wgsl?raw';
import workgroupTiledText from './workgroup-tiled.wgsl?raw';

export const naive: string = naiveText;
export const registerTiled: string = registerTiledText;
export const subgroup: string = subgroupText;
export const vec4: string = vec4Text;
export const workgroupTiled: string = workgroupTiledText;
