import { TilewiseError } from '../../src/errors.js';
import type { PeerWork, Runner } from './peers.js';
import type { PeerRequest } from './protocol.js';

interface TfTensor {
  data(): Promise<ArrayLike<number>>;
  dispose(): void;
}

/** What is used of TensorFlow.js's module. */
interface Tensorflow {
  ready(): Promise<void>;
  getBackend(): string;
  tensor2d(data: unknown, shape: readonly number[]): TfTensor;
  matMul(a: TfTensor, b: TfTensor): TfTensor;
}

/** The product of two matrices by TensorFlow.js, which reads no ONNX, on the backend that it finds. */
export const openTensorflow = async (library: unknown, { feeds }: PeerWork, { url }: PeerRequest): Promise<Runner> => {
  const loaded = library as Partial<Tensorflow> & { readonly default?: Tensorflow };
  const tf = loaded.matMul ? (loaded as Tensorflow) : loaded.default;
  if (!tf?.matMul) {
    throw new TilewiseError('invalid-argument', `${url} is not TensorFlow.js`, {
      hint: 'state the URL of an ES module that exports matMul',
    });
  }
  await tf.ready();
  const [a, b] = ['a', 'b'].map((name) => feeds.get(name)!);
  return {
    name: `TensorFlow.js, ${tf.getBackend()}`,
    run: async () => {
      const operands = [a, b].map((tensor) => tf.tensor2d(tensor!.data, tensor!.dims));
      const product = tf.matMul(operands[0]!, operands[1]!);
      try {
        return await product.data();
      } finally {
        for (const tensor of [...operands, product]) tensor.dispose();
      }
    },
    release: async () => undefined,
  };
};
