import { defineOperator, fail } from './operator.js';
import { byteInput } from './quantization.js';

/**
 * Y = table[X], where a table of 256 bytes has the result for each byte of X (int8 -1 is byte 255): any elementwise
 * function between two quantizations. Passes make it; model files cannot name it.
 */
export const lookup = defineOperator({
  name: 'tilewise.Lookup',
  attributes: {},
  inputs: [2, 2],
  hostInputs: [1],
  infer: ({ inputs }) => {
    const { shape } = byteInput(inputs[0], 'X');
    const table = byteInput(inputs[1], 'the table');
    if (table.tensor && table.tensor.size !== 256) fail(`the table must have 256 elements, got ${table.tensor.size}`);
    return [{ dtype: table.dtype, shape }];
  },
});
