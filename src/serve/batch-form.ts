import { TilewiseError } from '../errors.js';
import { checkFeeds, type Feeds, type ValueMetadata } from '../feeds.js';
import type { Graph, Value } from '../graph/graph.js';
import { matchShape } from '../passes/bind-shapes.js';
import { arrayOf, type TypedArray } from '../tensor/dtype.js';
import { Tensor } from '../tensor/tensor.js';

export type Outputs = Record<string, Tensor>;

/** What a request asks for: its feeds, how many samples they have, and which other requests they can be joined with. */
export interface Ask {
  readonly feeds: Feeds;
  readonly samples: number;
  readonly key: string;
}

type Border = readonly ValueMetadata[];

/** How feeds of one model join to a batch, and how its outputs fall apart again. */
export class BatchForm {
  /** Names, types and shapes as a graph without nodes, for the checks of `session.run`. */
  readonly #border: Graph;
  readonly #batched: ReadonlySet<string>;
  /** Numbers for tensors that all requests of a batch must share. */
  readonly #shared = new WeakMap<Tensor, number>();
  #tensors = 0;

  /** Throws `invalid-argument` where the model takes one sample only, unless that is all it is to be given. */
  constructor(inputs: Border, outputs: Border, maxBatch: number) {
    this.#border = borderOf(inputs, outputs);
    const batched = inputs.filter(({ shape }) => typeof shape?.[0] === 'string');
    const symbols = new Set(batched.map(({ shape }) => shape?.[0]));
    const fixed = outputs.find(({ shape }) => shape && typeof shape[0] !== 'string');
    if (maxBatch > 1 && (symbols.size === 0 || fixed)) throw fixedBatch((fixed ?? inputs[0]) as ValueMetadata);
    if (maxBatch > 1 && symbols.size > 1) throw severalBatches([...symbols].join("' and '"));
    this.#batched = new Set(maxBatch > 1 ? batched.map(({ name }) => name) : []);
  }

  /** Checks the feeds of a request as `session.run` would, and says which others it fits. */
  ask(given: Feeds): Ask {
    const inputs = checkFeeds(this.#border, given);
    const symbols = new Map<string, number>();
    for (const [name, { dims }] of inputs) matchShape(name, this.#border.values.get(name)?.shape, dims, symbols);
    const away = [...inputs].find(([, { location }]) => location === 'gpu');
    if (away) {
      throw new TilewiseError('invalid-feed', `input '${away[0]}' is on the GPU, and a queue joins data on the host`, {
        tensor: away[0],
        hint: 'session.run takes it, or new Tensor(tensor.type, await tensor.getData(), tensor.dims)',
      });
    }
    const [first] = this.#batched;
    const samples = first === undefined ? 1 : (inputs.get(first)?.dims[0] ?? 0);
    if (samples === 0) throw new TilewiseError('invalid-feed', `input '${first}' has no samples`, { tensor: first as string });
    const key = [...inputs].map(([name, tensor]) => (this.#batched.has(name) ? tensor.dims.slice(1).join() : this.#idOf(tensor)));
    return { feeds: Object.fromEntries(inputs), samples, key: key.join(';') };
  }

  /** The feeds of several requests as one batch of `size` samples; what they leave of it is zeros. */
  join(asks: readonly Ask[], size: number): Feeds {
    const [first] = asks as [Ask];
    if (asks.length === 1 && (first.samples === size || this.#batched.size === 0)) return first.feeds;
    return Object.fromEntries(
      Object.entries(first.feeds).map(([name, { type, dims }]) => {
        if (!this.#batched.has(name)) return [name, first.feeds[name] as Tensor];
        const each = dims.slice(1).reduce((a, b) => a * b, 1);
        const all = new (arrayOf(type))(size * each) as Float32Array;
        let at = 0;
        for (const { feeds, samples } of asks) {
          all.set(wholeData(name, feeds[name] as Tensor) as Float32Array, at);
          at += samples * each;
        }
        return [name, new Tensor(type, all as TypedArray, [size, ...dims.slice(1)])];
      }),
    );
  }

  /** The outputs of each request, out of those of a batch of `size` samples. */
  split(outputs: Outputs, asks: readonly Ask[], size: number): Outputs[] {
    const [first] = asks as [Ask];
    if (asks.length === 1 && (first.samples === size || this.#batched.size === 0)) return [outputs];
    let at = 0;
    return asks.map(({ samples }) => {
      const own = Object.entries(outputs).map(([name, tensor]) => [name, rows(name, tensor, size, at, samples)] as const);
      at += samples;
      return Object.fromEntries(own);
    });
  }

  #idOf(tensor: Tensor): number {
    let id = this.#shared.get(tensor);
    if (id === undefined) this.#shared.set(tensor, (id = this.#tensors++));
    return id;
  }
}

/** Data may go while a request waits: its ArrayBuffer is transferred, and is empty then. */
const wholeData = (name: string, { data, size }: Tensor): TypedArray => {
  if (data.length === size) return data;
  throw new TilewiseError('invalid-feed', `the data of input '${name}' is gone: its ArrayBuffer was detached`, { tensor: name });
};

const fixedBatch = ({ name, shape }: ValueMetadata): TilewiseError =>
  new TilewiseError('invalid-argument', `the batch of the model is fixed: '${name}' has shape [${shape?.join(', ') ?? '?'}]`, {
    tensor: name,
    hint: "create the session with the option batch: 'dynamic', or the queue with maxBatch: 1",
  });

const severalBatches = (names: string): TilewiseError =>
  new TilewiseError('invalid-argument', `the inputs of the model begin with different extents, '${names}'`, {
    hint: 'create the queue with maxBatch: 1',
  });

const borderOf = (inputs: Border, outputs: Border): Graph => {
  const values = [...inputs, ...outputs].map(({ name, type, shape }): [string, Value] => [name, { name, dtype: type, shape }]);
  const names = (border: Border): string[] => border.map(({ name }) => name);
  return { name: '', nodes: [], values: new Map(values), inputs: names(inputs), outputs: names(outputs) };
};

const rows = (name: string, { type, dims, data }: Tensor, size: number, at: number, samples: number): Tensor => {
  const [extent = 0, ...rest] = dims;
  const each = extent / size;
  if (!Number.isInteger(each)) {
    throw new TilewiseError('unsupported-model', `output '${name}' of shape [${dims.join(', ')}] does not begin with the batch`, {
      tensor: name,
      hint: 'create the queue with maxBatch: 1',
    });
  }
  const row = each * rest.reduce((a, b) => a * b, 1);
  return new Tensor(type, data.slice(at * row, (at + samples) * row) as TypedArray, [samples * each, ...rest]);
};
