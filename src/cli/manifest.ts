import { dirname, join } from 'node:path';
import { TilewiseError } from '../errors.js';
import { type DType, isDType } from '../tensor/dtype.js';
import { sizeOf } from '../tensor/shape.js';
import { Tensor } from '../tensor/tensor.js';
import { readBytes, readJson } from './files.js';
import { castTensor, elementsOf } from './npy.js';

/** A tensor in a file: raw little-endian elements of type `stored`, of type `dtype` in the model. */
export interface ManifestTensor {
  readonly name: string;
  readonly dtype: DType;
  readonly stored?: DType;
  readonly dims: readonly number[];
  readonly file: string;
  /** For outputs: an absolute bound to judge low-precision models by. */
  readonly tol_hint_abs?: number;
}

export interface ManifestCase {
  readonly name: string;
  readonly inputs: readonly ManifestTensor[];
  readonly outputs: readonly ManifestTensor[];
}

export interface ManifestModel {
  readonly id: string;
  readonly file: string;
  readonly tags: readonly string[];
  readonly cases: readonly ManifestCase[];
  /** In the set that is run without --all. */
  readonly first: boolean;
  /** True where the model ranks classes, so that the first of them must be right. */
  readonly classifies: boolean;
  /** True where numbers of less than 32 bits are computed with: judged by `tol_hint_abs`. */
  readonly lowPrecision: boolean;
}

type Json = Record<string, unknown>;

/** Reads manifest.json of a folder of models; the error names the entry that is malformed. */
export const readManifest = async (folder: string): Promise<ManifestModel[]> => {
  const path = join(folder, 'manifest.json');
  const { models } = (await readJson(path)) as Json;
  const bad = (message: string): never => {
    throw new TilewiseError('invalid-argument', `${path}: ${message}`);
  };
  if (!Array.isArray(models)) return bad("'models' must be a list");
  return models.map((entry: unknown, i): ManifestModel => {
    const { id, file, tags = [], cases = [], first = false, eval: evaluations = [], inputs = [] } = entry as Json;
    if (typeof id !== 'string' || typeof file !== 'string' || !Array.isArray(cases) || !Array.isArray(tags)) {
      return bad(`entry ${i} must have 'id', 'file', 'tags' and 'cases'`);
    }
    for (const tensor of (cases as ManifestCase[]).flatMap((c) => [...c.inputs, ...c.outputs])) {
      const known = isDType(tensor.dtype) && isDType(tensor.stored ?? tensor.dtype);
      if (!known || typeof tensor.file !== 'string' || !Array.isArray(tensor.dims)) bad(`${id}: a case has a malformed tensor`);
    }
    const types = (inputs as Json[]).map(({ dtype }) => dtype);
    return {
      id,
      file,
      tags: tags as string[],
      cases: cases as ManifestCase[],
      first: first === true,
      classifies: (evaluations as Json[]).some(({ dev }) => typeof dev === 'object' && dev !== null && 'top1' in dev),
      lowPrecision: tags.some((tag) => tag === 'fp16' || tag === 'float16' || tag === 'quantized') || types.includes('float16'),
    };
  });
};

/** The tensor of a case, from its file beside the model. */
export const readTensor = async (folder: string, model: ManifestModel, tensor: ManifestTensor): Promise<Tensor> => {
  const { dtype, stored = dtype, dims, file } = tensor;
  const bytes = await readBytes(join(folder, dirname(model.file), file));
  const read = new Tensor(stored, elementsOf(stored, bytes, sizeOf(dims)), dims);
  const cast = castTensor(read, dtype);
  if (!cast) throw new TilewiseError('invalid-argument', `${model.id}: ${file} holds ${stored}, not ${dtype}`);
  return cast;
};
