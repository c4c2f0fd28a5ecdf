import type { Parameter } from './layers.js';

const [BETA1, BETA2, EPSILON] = [0.9, 0.999, 1e-8];

/** One step of Adam with decoupled weight decay on the gradients summed over a batch; clears them. */
export const adamStep = (parameters: readonly Parameter[], step: number, rate: number, batch: number, decay: number): void => {
  const correction = Math.sqrt(1 - BETA2 ** step) / (1 - BETA1 ** step);
  for (const { value, gradient, mean, square, shape } of parameters) {
    const shrink = shape.length > 1 ? 1 - rate * decay : 1;
    for (let i = 0; i < value.length; i++) {
      const g = (gradient[i] as number) / batch;
      const m = BETA1 * (mean[i] as number) + (1 - BETA1) * g;
      const s = BETA2 * (square[i] as number) + (1 - BETA2) * g * g;
      mean[i] = m;
      square[i] = s;
      value[i] = (value[i] as number) * shrink - (rate * correction * m) / (Math.sqrt(s) + EPSILON);
      gradient[i] = 0;
    }
  }
};
