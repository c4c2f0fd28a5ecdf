/** What the runtime needs of its surroundings: the only difference between browsers and Node. */
export interface Platform {
  /** The WebGPU entry point, or undefined where there is none. */
  gpu(): Promise<GPU | undefined>;
  /** A short sleep between polls of the GPU, where polling burns a core (see `DeviceOptions.pause`). */
  readonly pause?: (() => void) | undefined;
  /** What to tell someone whose machine has no adapter. */
  readonly noAdapterHint: string;
  /** The bytes behind a path or URL. */
  read(source: string | URL): Promise<Uint8Array>;
  /** Milliseconds of CPU time that all threads of the process took, those of a software adapter among them. */
  readonly cpuTime?: () => number;
  /** Where texts are kept from one run of the application to the next; rejects where that is not allowed. */
  readonly store?: () => Promise<TextStore>;
}

/** Named texts that stay: measurements of the adapter. */
export interface TextStore {
  read(name: string): Promise<string | undefined>;
  /** Replaces all of a text, or nothing. */
  write(name: string, text: string): Promise<void>;
  remove(name: string): Promise<void>;
}

let current: Platform | undefined;

/** Set once, by the entry point (index.ts or node.ts) that the application imports. */
export const setPlatform = (platform: Platform): void => {
  current = platform;
};

export const platform = (): Platform => {
  if (!current) throw new Error('no platform was set: import tilewise or tilewise/node');
  return current;
};
