import type { Plan } from '../plan/plan.js';
import type { Terminal } from './terminal.js';

/** What every command is given. */
export interface CommandContext {
  readonly terminal: Terminal;
  /** Sets the exit code of the process. */
  readonly finish: (code: number) => void;
  /** Changes plans before `compare` runs them: tests break a kernel with it. */
  readonly alter?: ((plan: Plan) => Plan) | undefined;
}
