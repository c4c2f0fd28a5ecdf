import type { Command } from 'commander';
import { startWorker } from '../server/worker.js';
import type { CommandContext } from './context.js';
import { importOptional } from './optional.js';
import { positiveNumber, wholeNumber } from './options.js';
import { nextSignal, openModels, type QueueFlags } from './served-models.js';
import { withProgress } from './terminal.js';
import { tunedDevice } from './tuned-device.js';

interface WorkerFlags extends QueueFlags {
  readonly queue: string;
  readonly redis: string;
  readonly keep: number;
  readonly lock: number;
}

const EXAMPLE = `
Example:
  $ tilewise worker mobilenet.onnx --queue pictures --redis redis://localhost:6379

A job's data is {"model": NAME, "request": KEY, "headerLength"?: N}: under KEY, Redis has the body of an Open Inference
Protocol V2 request. The job gives {"response": KEY, "headerLength"?: N}. One process a GPU; a worker that dies leaves
its jobs to the others. SIGTERM finishes what was taken and ends. Needs the packages bullmq and ioredis.
`;

export const addWorker = (program: Command, { terminal, finish }: CommandContext): void => {
  program
    .command('worker')
    .description('run the jobs of a BullMQ queue on Redis, batching them')
    .argument('<models...>', 'ONNX files, each FILE or NAME=FILE')
    .requiredOption('--queue <name>', 'the BullMQ queue to take jobs from')
    .option('--redis <url>', 'the Redis server', 'redis://localhost:6379')
    .option('--max-batch <n>', 'most samples of a run', wholeNumber(1), 32)
    .option('--max-delay <ms>', 'how long a job waits for others to share its run', positiveNumber, 2)
    .option('--keep <s>', 'how long a result is kept', wholeNumber(1), 3600)
    .option('--lock <s>', 'after how long the jobs of a silent worker go to another', positiveNumber, 30)
    .addHelpText('after', EXAMPLE)
    .action(async (files: string[], flags: WorkerFlags) => {
      await importOptional('bullmq', 'ioredis');
      const models = await withProgress(terminal, 'loading models', async (report) => {
        await tunedDevice(terminal);
        return await openModels(files, flags, report);
      });
      const stopped = nextSignal();
      const worker = await startWorker(models, {
        queue: flags.queue,
        redis: flags.redis,
        // While one batch runs, the jobs of the next are fetched.
        concurrency: 2 * flags.maxBatch,
        keepSeconds: flags.keep,
        lockMs: flags.lock * 1000,
        onError: (message) => terminal.err(`redis: ${message}`),
      });
      terminal.err(`taking jobs of '${flags.queue}' from ${flags.redis}; ^C or SIGTERM finishes what was taken and ends`);
      terminal.err(`${await stopped}: draining`);
      await worker.close();
      finish(0);
    });
};
