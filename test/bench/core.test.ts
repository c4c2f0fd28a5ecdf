import { describe } from 'vitest';
import { benchCore } from './core.js';

describe('the benchmarks in Node', benchCore);
