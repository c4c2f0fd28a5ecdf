import { breakable, element, make } from './dom.js';
import { type Family, families, familyOf, isPicked, type Pick, pickOf } from './families.js';
import type { CaseInfo } from './protocol.js';

/** The checkboxes: one a family, and one a case that a family unfolds to. */
export class Picker {
  readonly #onChange: () => void;
  readonly #open = new Set<string>();
  #cases: readonly CaseInfo[] = [];
  #picked = new Set<string>();
  #pick: Pick = 'all';

  constructor(onChange: () => void) {
    this.#onChange = onChange;
    element('pick-all').addEventListener('click', () => this.#choose(this.#cases, true));
    element('pick-none').addEventListener('click', () => this.#choose(this.#cases, false));
  }

  /** What is picked, for a permalink. */
  get pick(): Pick {
    return this.#pick;
  }

  /** The names of the cases that are picked, in the order in which they run. */
  get names(): string[] {
    return this.#cases.map(({ name }) => name).filter((name) => this.#picked.has(name));
  }

  /** Shows other cases with the same families picked. */
  show(cases: readonly CaseInfo[], pick: Pick = this.#pick): void {
    this.#cases = cases;
    this.#pick = pick;
    this.#picked = new Set(cases.filter((one) => isPicked(one, pick)).map(({ name }) => name));
    const present = families.filter((family) => cases.some((one) => familyOf(one) === family));
    element('families').replaceChildren(...present.map((family) => this.#familyElement(family)));
    this.#mark();
  }

  #choose(cases: readonly CaseInfo[], checked: boolean): void {
    for (const { name } of cases) {
      if (checked) this.#picked.add(name);
      else this.#picked.delete(name);
    }
    this.#pick = pickOf(this.#cases, this.#picked);
    this.#mark();
    this.#onChange();
  }

  #familyElement(family: Family): HTMLElement {
    const cases = this.#cases.filter((one) => familyOf(one) === family);
    const box = make('input', { type: 'checkbox', name: family.id });
    box.addEventListener('change', () => this.#choose(cases, box.checked));
    const list = make('ul', { id: `cases-${family.id}`, hidden: !this.#open.has(family.id) });
    list.append(...cases.map((one) => this.#caseElement(one)));
    const count = make('button', { type: 'button', className: 'count' });
    count.setAttribute('aria-controls', list.id);
    const unfold = (): void => {
      count.textContent = list.hidden ? `${cases.length} ▾` : `${cases.length} ▴`;
      count.ariaLabel = `${list.hidden ? 'Show' : 'Hide'} the ${cases.length} cases of: ${family.title}`;
      count.ariaExpanded = String(!list.hidden);
    };
    unfold();
    count.addEventListener('click', () => {
      list.hidden = !list.hidden;
      if (list.hidden) this.#open.delete(family.id);
      else this.#open.add(family.id);
      unfold();
    });
    const head = make('div', {}, make('label', { className: 'check' }, box, family.title), count);
    return make('div', { className: 'family' }, head, list);
  }

  #caseElement(one: CaseInfo): HTMLElement {
    const box = make('input', { type: 'checkbox', value: one.name });
    box.addEventListener('change', () => this.#choose([one], box.checked));
    return make('li', {}, make('label', { className: 'check', title: one.title }, box, make('span', {}, ...breakable(one.name))));
  }

  #mark(): void {
    for (const family of element('families').querySelectorAll<HTMLElement>('.family')) {
      const boxes = [...family.querySelectorAll<HTMLInputElement>('input[value][type=checkbox]:not([name])')];
      for (const box of boxes) box.checked = this.#picked.has(box.value);
      const all = family.querySelector<HTMLInputElement>('input[name]') as HTMLInputElement;
      const count = boxes.filter(({ checked }) => checked).length;
      all.checked = count === boxes.length;
      all.indeterminate = count > 0 && count < boxes.length;
    }
    element('pick-count').textContent = `${this.names.length} of ${this.#cases.length} cases`;
  }
}
