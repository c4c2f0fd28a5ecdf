import { showAdapter, showRoofs } from './adapter.js';
import { Charts } from './charts.js';
import { sentence, WorkerClient } from './client.js';
import { element } from './dom.js';
import { LoadChart } from './load-chart.js';
import { Models } from './models.js';
import { Picker } from './picker.js';
import { Runner } from './runner.js';
import { fromHash, type Settings, toHash } from './settings.js';
import { Share } from './share.js';
import { SideBySide } from './side-by-side.js';
import { ResultTable } from './table.js';

const input = (id: string): HTMLInputElement => element<HTMLInputElement>(id);
const button = (id: string): HTMLButtonElement => element<HTMLButtonElement>(id);

const showError = (error: unknown): void => {
  element('error').textContent = sentence(error);
  element('error').hidden = false;
};

let busy = false;
let opened = false;

/** What cannot be pressed while the GPU is busy, or without one. */
const showBusy = (): void => {
  for (const id of ['measure-roofs', 'peer-run']) button(id).disabled = busy || !opened;
  button('start').disabled = busy || !opened || picker.names.length === 0;
  button('stop').disabled = !busy;
};

/** One thing at a time: measurements would disturb each other. */
const exclusively = async (work: () => Promise<void>): Promise<void> => {
  if (busy) return;
  busy = true;
  showBusy();
  try {
    await work();
  } finally {
    busy = false;
    showBusy();
  }
};

const stated = fromHash(location.hash);
input('quick').checked = stated.quick;
input('machine').value = stated.machine ?? '';
input('budget').value = String(stated.budgetSeconds ?? '');

const settings = (): Settings => {
  const budget = input('budget');
  const machine = input('machine').value.trim();
  return {
    quick: input('quick').checked,
    pick: picker.pick,
    models: models.urls,
    ...(budget.validity.valid && budget.valueAsNumber > 0 && { budgetSeconds: budget.valueAsNumber }),
    ...(machine && { machine }),
  };
};

const keepSettings = (): void => {
  history.replaceState(null, '', `${location.pathname}${location.search}${toHash(settings())}`);
  showBusy();
};

const client = new WorkerClient(new Worker(new URL('../worker.ts', import.meta.url), { type: 'module' }), (event) =>
  runner.onEvent(event),
);
const table = new ResultTable();
const charts = new Charts();
const share = new Share(table, () => location.href);
const runner = new Runner(client, charts, new LoadChart(), share);
const picker = new Picker(keepSettings);
const models = new Models(stated.models, () => void list().catch(showError), showError);
new SideBySide(client, models, exclusively);

/** Lists the cases, which follow the adapter, the models and `quick`; the same families stay picked. */
const list = async (pick = picker.pick): Promise<void> => {
  const { cases } = await client.call('list', { quick: input('quick').checked, models: models.all, only: '' });
  picker.show(cases, pick);
  keepSettings();
};

const open = async (): Promise<void> => {
  showAdapter(await client.call('open', {}));
  const only = stated.only ?? '';
  const { cases, chosen } = await client.call('list', { quick: stated.quick, models: models.all, only });
  picker.show(cases, only === '' ? stated.pick : chosen);
  opened = true;
  keepSettings();
  element('status').textContent = 'Ready.';
};

button('start').addEventListener('click', () => {
  const { quick, budgetSeconds, machine } = settings();
  const request = { cases: picker.names, models: models.all, quick };
  return exclusively(() => runner.run({ ...request, ...(budgetSeconds && { budgetSeconds }), ...(machine && { machine }) }));
});
button('stop').addEventListener('click', () => {
  button('stop').disabled = true;
  element('status').textContent = 'Stopping …';
  void client.call('stop', {});
});
button('measure-roofs').addEventListener('click', () =>
  exclusively(async () => {
    element('roofs-status').textContent = 'Measuring …';
    try {
      showRoofs(await client.call('roofs', {}));
      element('roofs-status').textContent = 'Measured.';
    } catch (error) {
      element('roofs-status').textContent = sentence(error);
    }
  }),
);
input('quick').addEventListener('change', () => void list().catch(showError));
for (const id of ['budget', 'machine']) input(id).addEventListener('change', keepSettings);

charts.clear();
open().catch((error: unknown) => {
  showError(error);
  element('adapter-name').textContent = 'None that can be used.';
  element('status').textContent = 'Nothing can be run here.';
});
