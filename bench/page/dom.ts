/** The element of this id, which the page has. */
export const element = <T extends HTMLElement = HTMLElement>(id: string): T => document.getElementById(id) as T;

type Child = Node | string;

/** A new element with properties and children. */
export const make = <K extends keyof HTMLElementTagNameMap>(
  tag: K,
  properties: Partial<HTMLElementTagNameMap[K]> = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[K] => {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
};

/** Where a name may be broken: behind a mark, between the numbers of a shape, and before the capitals within a word. */
const BREAKS = /(?<=[/_,:+-])(?=[^/_,:+-])|(?<=\.)(?=\D)|(?<=\dx)(?=\d)|(?<=[a-z])(?=[A-Z])/;

/** A name that is broken between its parts where it does not fit its line. */
export const breakable = (name: string): Child[] =>
  name.split(BREAKS).flatMap((part, i): Child[] => (i === 0 ? [part] : [make('wbr'), part]));

/** Offers text as a file. */
export const download = (name: string, type: string, text: string): void => {
  const url = URL.createObjectURL(new Blob([text], { type }));
  const link = make('a', { href: url, download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
};

/** Says for a while what a button did; its width stays. */
export const flash = (status: HTMLElement, text: string): void => {
  status.textContent = text;
};
