// The same tests as in Node.
import '../batch.test.js';
import '../serve/queue.test.js';
