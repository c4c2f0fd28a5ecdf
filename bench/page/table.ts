import { type Column, changeColumn, columns, type Order, type Row, sorted } from './columns.js';
import { breakable, element, make } from './dom.js';

/** The table of results, sorted by the column whose heading is pressed. */
export class ResultTable {
  readonly #table = element<HTMLTableElement>('results');
  #rows: readonly Row[] = [];
  #order: Order | undefined;
  #compares = false;

  constructor() {
    this.#drawHead();
    this.show([], false);
  }

  get columns(): readonly Column[] {
    return this.#compares ? [...columns.slice(0, 3), changeColumn, ...columns.slice(3)] : columns;
  }

  /** The rows in the order shown. */
  get rows(): Row[] {
    return sorted(this.#rows, this.columns, this.#order);
  }

  show(rows: readonly Row[], compares: boolean): void {
    this.#rows = rows;
    if (compares !== this.#compares) {
      this.#compares = compares;
      this.#drawHead();
    }
    const empty = make('tr', {}, make('td', { colSpan: this.columns.length, className: 'text' }, 'Nothing was run yet.'));
    const body = this.#table.tBodies[0] as HTMLTableSectionElement;
    body.replaceChildren(...(rows.length > 0 ? this.rows.map((row) => this.#rowElement(row)) : [empty]));
  }

  #rowElement(row: Row): HTMLTableRowElement {
    const cells = this.columns.map(({ id, text }) =>
      make(
        'td',
        { className: isText(id) ? 'text' : '', title: id === 'kernels' ? row.result.kernels.join(', ') : '' },
        ...(isText(id) ? breakable(text(row)) : [text(row)]),
      ),
    );
    return make('tr', { className: row.change?.moved ? 'moved' : '' }, ...cells);
  }

  #drawHead(): void {
    const cells = this.columns.map(({ id, title }) => {
      const button = make('button', { type: 'button' }, title);
      button.addEventListener('click', () => this.#sortBy(id));
      const cell = make('th', { scope: 'col', className: isText(id) ? 'text' : '' }, button);
      cell.dataset['column'] = id;
      return cell;
    });
    this.#table.tHead?.replaceChildren(make('tr', {}, ...cells));
    this.#markOrder();
  }

  /** Names begin with A, numbers with the largest; pressed again, the other way around. */
  #sortBy(column: string): void {
    const first = !isText(column);
    this.#order = { column, descending: this.#order?.column === column ? !this.#order.descending : first };
    this.#markOrder();
    this.show(this.#rows, this.#compares);
  }

  #markOrder(): void {
    for (const cell of this.#table.querySelectorAll<HTMLElement>('th')) {
      const isSorted = cell.dataset['column'] === this.#order?.column;
      cell.ariaSort = isSorted ? (this.#order?.descending ? 'descending' : 'ascending') : 'none';
    }
  }
}

const isText = (id: string): boolean => id === 'name' || id === 'kernels';
