// The WGSL text that reads video frames: it reaches a page that has one.
import frameText from './frame.wgsl?raw';

export const frame: string = frameText;
