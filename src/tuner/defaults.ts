import type { TuningTable } from './table.js';

/**
 * Tables that come with the library, of what was clearly faster than the choice of the rules, in milliseconds of CPU time for
 * SwiftShader in Node. Together they make a run of ResNet-20 for CIFAR-10 1.4 times as fast, and one of ResNet-8 1.3 times;
 * the rules go without Winograd's algorithm there, whose kernels take longer to compile. What the user measured goes before
 * them. After a change of these kernels the entries are ignored until `tilewise tune --again --json` has given new ones.
 */
export const shippedTables: readonly TuningTable[] = [
  {
    adapter: 'cpu | google | swiftshader | SwiftShader driver 5.0.0 subgroups 4',
    entries: {
      'conv 16 to 16 group 1 3x3 stride 1x1 dilation 1x1 padded columns 32 pixels 1024 channels-last to channels-last': {
        choice: 'winograd-4x4',
        ms: { 'by-rules': 2.99, 'winograd-4x4': 2.68 },
        kernels: [
          'conv',
          'conv-3x3',
          'conv-direct',
          'conv-tiled',
          'conv-winograd-2x2-input',
          'conv-winograd-2x2-output',
          'conv-winograd-4x4-input',
          'conv-winograd-4x4-output',
          'conv-winograd-product',
        ],
        sources: 'a3c4daf5',
      },
      'conv 32 to 32 group 1 3x3 stride 1x1 dilation 1x1 padded columns 16 pixels 256 channels-last to channels-last': {
        choice: 'winograd-4x4',
        ms: { 'by-rules': 1.85, 'winograd-4x4': 0.909 },
        kernels: [
          'conv',
          'conv-direct',
          'conv-direct-32',
          'conv-tiled',
          'conv-winograd-2x2-input',
          'conv-winograd-2x2-output',
          'conv-winograd-4x4-input',
          'conv-winograd-4x4-output',
          'conv-winograd-product',
        ],
        sources: '48b020b3',
      },
      'conv 64 to 64 group 1 3x3 stride 1x1 dilation 1x1 padded columns 8 pixels 64 channels-last to channels-last': {
        choice: 'winograd-2x2',
        ms: { 'by-rules': 1.92, 'winograd-2x2': 1.42 },
        kernels: [
          'conv',
          'conv-direct',
          'conv-direct-32',
          'conv-tiled',
          'conv-winograd-2x2-input',
          'conv-winograd-2x2-output',
          'conv-winograd-4x4-input',
          'conv-winograd-4x4-output',
          'conv-winograd-product-wide',
        ],
        sources: 'bdba6e27',
      },
      'conv 128 to 128 group 1 1x1 stride 1x1 dilation 1x1 columns 8 pixels 32 channels-last to channels-last': {
        choice: 'pointwise-64',
        ms: { 'by-rules': 0.765, 'pointwise-64': 0.596 },
        kernels: [
          'conv',
          'conv-direct',
          'conv-direct-32',
          'conv-pointwise',
          'conv-pointwise-32',
          'conv-pointwise-64',
          'conv-tiled',
        ],
        sources: '2eafe101',
      },
    },
  },
];
