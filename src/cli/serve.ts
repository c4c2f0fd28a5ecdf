import type { Command } from 'commander';
import { createServer } from '../server/http.js';
import type { CommandContext } from './context.js';
import { importOptional } from './optional.js';
import { positiveNumber, wholeNumber } from './options.js';
import { nextSignal, openModels, type QueueFlags } from './served-models.js';
import { withProgress } from './terminal.js';
import { tunedDevice } from './tuned-device.js';

interface ServeFlags extends QueueFlags {
  readonly port: number;
  readonly host: string;
  readonly maxBody: number;
  readonly timeout: number;
}

const EXAMPLE = `
Examples:
  $ tilewise serve mobilenet.onnx digits=lenet5.onnx --port 8000
  $ curl localhost:8000/v2/models/digits
  $ curl localhost:8000/v2/models/digits/infer -d '{"inputs": [{"name": "input", "shape": [1, 1, 28, 28], "datatype": "FP32", "data": [...]}]}'

It speaks the Open Inference Protocol V2 (KServe, Triton), with JSON and binary tensors, and /metrics for Prometheus.
Requests that arrive together run as one batch. SIGTERM answers what was asked and ends. Needs the packages fastify and
prom-client.
`;

export const addServe = (program: Command, { terminal, finish }: CommandContext): void => {
  program
    .command('serve')
    .description('serve models over HTTP (Open Inference Protocol V2), batching requests')
    .argument('<models...>', 'ONNX files, each FILE or NAME=FILE')
    .option('--port <n>', 'port to listen on, 0 for any that is free', wholeNumber(0), 8000)
    .option('--host <address>', 'address to listen on; 0.0.0.0 lets other machines in', '127.0.0.1')
    .option('--max-batch <n>', 'most samples of a run', wholeNumber(1), 32)
    .option('--max-delay <ms>', 'how long a request waits for others to share its run', positiveNumber, 2)
    .option('--max-pending <n>', 'most requests that wait; more are answered with 429', wholeNumber(1), 1024)
    .option('--max-body <MiB>', 'largest request', positiveNumber, 64)
    .option('--timeout <s>', 'longest time to an answer', positiveNumber, 30)
    .addHelpText('after', EXAMPLE)
    .action(async (files: string[], flags: ServeFlags) => {
      await importOptional('fastify', 'prom-client');
      const models = await withProgress(terminal, 'loading models', async (report) => {
        await tunedDevice(terminal);
        return await openModels(files, flags, report);
      });
      const server = await createServer(models, { maxBodyBytes: flags.maxBody * 2 ** 20, timeoutMs: flags.timeout * 1000 });
      const stopped = nextSignal();
      const address = await server.listen(flags.port, flags.host);
      for (const { name } of models) terminal.out(`${address}/v2/models/${name}`);
      terminal.err(`listening on ${address}; ^C or SIGTERM answers what was asked and ends`);
      terminal.err(`${await stopped}: draining`);
      await server.close();
      finish(0);
    });
};
