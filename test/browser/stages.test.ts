// The same tests as in Node.
import '../stages/control-flow.test.js';
import '../stages/counts.test.js';
