import type { DeviceFacts } from '../../src/kernels/facts.js';
import { bytesText, plain, si } from '../../src/report/format.js';
import type { BenchRoofs } from '../results.js';
import { breakable, element, make } from './dom.js';

/** What this adapter is. */
export const showAdapter = ({ description, kind, features, limits, subgroupSize }: DeviceFacts): void => {
  element('adapter-name').replaceChildren(...breakable(description));
  element('adapter-kind').textContent = kind === 'cpu' ? 'software, on the CPU' : 'GPU';
  element('adapter-kind').hidden = false;
  const named = features.filter((feature) => feature !== 'core-features-and-limits');
  const size = subgroupSize === undefined ? [] : [`subgroups of\u00a0${subgroupSize}`];
  element('adapter-features').replaceChildren(...breakable([...named, ...size].join(', ') || 'none'));
  element('adapter-limits').replaceChildren(
    ...Object.entries(limits).map(([name, value]) =>
      make('div', {}, make('dt', {}, ...breakable(name)), make('dd', {}, limitText(name, value))),
    ),
  );
};

const limitText = (name: string, value: number): string =>
  /Size$/.test(name) && !/Workgroup(?!Storage)/.test(name) ? bytesText(value) : value.toLocaleString('en');

export const showRoofs = ({ aluGflops, memoryGBs, launchMicroseconds }: BenchRoofs): void => {
  element('roof-alu').textContent = si(aluGflops * 1e9, 'FLOP/s');
  element('roof-memory').textContent = si(memoryGBs * 1e9, 'B/s');
  element('roof-launch').textContent = `${plain(launchMicroseconds)} µs`;
};
