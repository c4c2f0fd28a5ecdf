#!/usr/bin/env node
import '../node.js';
import { runCli } from './program.js';

// A reader that has seen enough (`| head`) closes the pipe: that is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));

const args = process.argv.slice(2);
const code = await runCli(
  args,
  {
    out: (text) => process.stdout.write(`${text}\n`),
    err: (text) => process.stderr.write(`${text}\n`),
    // A terminal of no width, as containers give, has no room for progress.
    interactive: process.stderr.isTTY === true && process.stderr.columns > 0,
  },
  { debug: (process.env.DEBUG ?? '').split(',').includes('tilewise') },
);

// An open GPU device keeps the process alive; what was written must reach the reader first.
process.stdout.write('', () => process.exit(code));
