// The WGSL texts, typed as plain strings so that no build-tool suffix reaches the declaration files.
import binaryText from './binary.wgsl?raw';
import unaryText from './unary.wgsl?raw';

export const binary: string = binaryText;
export const unary: string = unaryText;

/** Helper functions of shaders/lib by stem, appended after a kernel that calls them. */
export const library: Readonly<Record<string, string>> = {};
