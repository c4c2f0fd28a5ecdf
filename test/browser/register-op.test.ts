// The same tests as in Node.
import '../register-op.test.js';
