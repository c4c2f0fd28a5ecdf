declare module '#tilewise' {
  export * from './index.js';
}
