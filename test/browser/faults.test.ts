// The same tests as in Node.
import '../device/faults.test.js';
