import type { Command } from 'commander';
import { reparameterize } from '../reparameterize.js';
import type { CommandContext } from './context.js';
import { readBytes, writeAtomically } from './files.js';

const EXAMPLE = `
Example:
  $ tilewise reparameterize repvgg-train.onnx -o repvgg.onnx

BatchNormalization and constant scales go into the weights, and parallel branches of one input (RepVGG, diverse branch
blocks) become single convolutions. The new file computes the same within rounding.
`;

export const addReparameterize = (program: Command, { terminal, finish }: CommandContext): void => {
  program
    .command('reparameterize')
    .description('merge the branches of a trained model and save it')
    .argument('<model>', 'an ONNX file')
    .requiredOption('-o, --output <file>', 'where the new ONNX file goes')
    .option('--json', 'print one JSON object')
    .addHelpText('after', EXAMPLE)
    .action(async (path: string, { output, json }: { output: string; json?: boolean }) => {
      const bytes = await readBytes(path);
      const { model, before, after } = reparameterize(bytes);
      await writeAtomically(output, model);
      const counts = {
        nodes: { before: before.nodes.length, after: after.nodes.length },
        bytes: { before: bytes.length, after: model.length },
      };
      if (json) terminal.out(JSON.stringify(counts));
      else
        terminal.out(
          `${output}: ${counts.nodes.before} nodes became ${counts.nodes.after}, ${counts.bytes.before} bytes ${counts.bytes.after}`,
        );
      finish(0);
    });
};
