import { describe } from 'vitest';
import { benchCore } from '../bench/core.js';

describe('the benchmarks in a page', benchCore);
