// Gives a page's tests the library, which modules of their own cannot import.
import * as tilewise from '../../src/index.js';

Object.assign(globalThis, { tilewise });
