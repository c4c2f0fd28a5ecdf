/** What kernel selection may know of a device: plain data, so that a plan can be made with no GPU at hand. */
export interface DeviceFacts {
  /** "cpu" for software adapters (SwiftShader, lavapipe), which want kernels without workgroup memory. */
  readonly kind: 'gpu' | 'cpu';
  readonly vendor: string;
  readonly architecture: string;
  readonly description: string;
  /** WebGPU features that the device was opened with. */
  readonly features: readonly string[];
  /** Invocations of a subgroup, where "subgroups" is among the features and all subgroups are alike. */
  readonly subgroupSize?: number;
  /** Products of the GPU's matrix units with float32 sums, on devices opened with that experimental feature. */
  readonly subgroupMatrices?: readonly SubgroupMatrix[];
  /** WGSL language features of the implementation. */
  readonly languageFeatures: readonly string[];
  readonly limits: DeviceLimits;
  /** What was measured to be faster than the rules' choice: the name of a candidate by shape class (see `tuned.ts`). */
  readonly tuning?: Readonly<Record<string, string>>;
}

/** rows x depth times depth x columns of `component`. */
export interface SubgroupMatrix {
  readonly component: 'f16' | 'f32';
  readonly rows: number;
  readonly columns: number;
  readonly depth: number;
}

export interface DeviceLimits {
  readonly maxBufferSize: number;
  readonly maxStorageBufferBindingSize: number;
  readonly maxStorageBuffersPerShaderStage: number;
  readonly maxComputeWorkgroupsPerDimension: number;
  readonly maxComputeInvocationsPerWorkgroup: number;
  readonly maxComputeWorkgroupSizeX: number;
  readonly maxComputeWorkgroupStorageSize: number;
}

/** Facts of a device with WebGPU's default limits and no optional features: what every adapter can do. */
export const defaultFacts: DeviceFacts = {
  kind: 'gpu',
  vendor: '',
  architecture: '',
  description: 'WebGPU defaults',
  features: [],
  languageFeatures: [],
  limits: {
    maxBufferSize: 268435456,
    maxStorageBufferBindingSize: 134217728,
    maxStorageBuffersPerShaderStage: 8,
    maxComputeWorkgroupsPerDimension: 65535,
    maxComputeInvocationsPerWorkgroup: 256,
    maxComputeWorkgroupSizeX: 256,
    maxComputeWorkgroupStorageSize: 16384,
  },
};
