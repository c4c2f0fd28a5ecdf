const ascii = (text: string): number[] => [...text].map((c) => c.charCodeAt(0));

/** What a file begins with, by kind. `at` is where the marker stands. */
const markers: readonly { readonly what: string; readonly bytes: readonly number[]; readonly at?: number }[] = [
  { what: 'a PNG image', bytes: [0x89, ...ascii('PNG')] },
  { what: 'a JPEG image', bytes: [0xff, 0xd8, 0xff] },
  { what: 'a GIF image', bytes: ascii('GIF8') },
  { what: 'a RIFF file (WebP or WAV)', bytes: ascii('RIFF') },
  { what: 'gzip-compressed data', bytes: [0x1f, 0x8b] },
  { what: 'a zip archive (a PyTorch checkpoint is one)', bytes: [...ascii('PK'), 3, 4] },
  { what: 'a PDF document', bytes: ascii('%PDF') },
  { what: 'an HDF5 file (Keras weights)', bytes: [0x89, ...ascii('HDF')] },
  { what: 'a TensorFlow Lite model', bytes: ascii('TFL3'), at: 4 },
  { what: 'an ONNX Runtime ORT model', bytes: ascii('ORTM'), at: 4 },
  { what: 'a GGUF model', bytes: ascii('GGUF') },
  { what: 'a NumPy array', bytes: [0x93, ...ascii('NUMPY')] },
  { what: 'a Python pickle', bytes: [0x80, 0x02] },
  { what: 'a Git LFS pointer: the model itself was not downloaded', bytes: ascii('version https://git-lfs') },
];

/** What bytes that are no ONNX model look like, or undefined. */
export const looksLike = (bytes: Uint8Array): string | undefined => {
  const marker = markers.find(({ bytes: expected, at = 0 }) => expected.every((b, i) => bytes[at + i] === b));
  if (marker) return marker.what;
  // The header of a safetensors file: its length in 8 bytes, then JSON.
  if (bytes[8] === 0x7b && bytes[9] === 0x22 && bytes[7] === 0) return 'a safetensors file';
  const head = bytes.subarray(0, 256);
  const printable = head.every((b) => (b >= 0x20 && b !== 0x7f) || b === 9 || b === 10 || b === 13);
  if (!printable || head.length === 0) return undefined;
  const text = new TextDecoder().decode(head).trimStart().toLowerCase();
  if (text.startsWith('<!doctype html') || text.startsWith('<html') || text.startsWith('<head')) return 'an HTML page';
  if (text.startsWith('<')) return 'an XML or HTML document';
  return text.startsWith('{') || text.startsWith('[') ? 'JSON text' : 'text';
};
