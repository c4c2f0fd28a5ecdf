import type { Registry } from 'prom-client';
import type { ServedModel } from './served-model.js';

/** What the server counts, in Prometheus' text format. */
export interface Metrics {
  readonly contentType: string;
  text(): Promise<string>;
  /** A request of a model that was answered with this HTTP status after so many seconds. */
  answered(model: string, status: number, seconds: number): void;
}

const LATENCY_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

export const createMetrics = async (models: readonly ServedModel[]): Promise<Metrics> => {
  const { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } = await import('prom-client');
  const registry: Registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  const requests = new Counter({
    name: 'tilewise_requests_total',
    help: 'Inference requests by model and HTTP status',
    labelNames: ['model', 'status'] as const,
    registers,
  });
  const seconds = new Histogram({
    name: 'tilewise_request_duration_seconds',
    help: 'Time from the end of the request body to the answer',
    labelNames: ['model'] as const,
    buckets: LATENCY_SECONDS,
    registers,
  });
  new Gauge({
    name: 'tilewise_queue_pending',
    help: 'Requests that wait for a run',
    labelNames: ['model'] as const,
    registers,
    collect() {
      for (const model of models) this.set({ model: model.name }, model.stats().pending);
    },
  });
  new Gauge({
    name: 'tilewise_batches',
    help: 'Runs since the start by the number of samples in them',
    labelNames: ['model', 'samples'] as const,
    registers,
    collect() {
      for (const model of models) {
        for (const [samples, runs] of model.stats().batches) this.set({ model: model.name, samples: String(samples) }, runs);
      }
    },
  });
  return {
    contentType: registry.contentType,
    text: () => registry.metrics(),
    answered: (model, status, took) => {
      requests.inc({ model, status: String(status) });
      if (status === 200) seconds.observe({ model }, took);
    },
  };
};
