import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** One import or re-export of a source file. */
export interface Import {
  /** The file with the statement, relative to the repository. */
  readonly from: string;
  /** A file relative to the repository, or the specifier of a package. */
  readonly to: string;
  readonly isPackage: boolean;
  readonly typeOnly: boolean;
}

const STATEMENT =
  /^(?:import|export)\s+(?:(type)\s+)?([^'";]*?)\s*from\s+'([^']+)'|^import\s+'([^']+)'|(typeof\s+)?\bimport\(\s*'([^']+)'/gm;

/** Every file under a folder whose name ends so, relative to the repository. */
export const filesUnder = (folder: string, end: string): string[] =>
  readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith(end))
    .map((file) => join(folder, file).replaceAll('\\', '/'))
    .sort();

export const readSource = (file: string): string => readFileSync(join(ROOT, file), 'utf8');

export const importsOf = (file: string, source = readSource(file)): Import[] =>
  [...source.matchAll(STATEMENT)].map(([, type, clause = '', specifier, bare, typeQuery, dynamic]) => {
    const target = (specifier ?? bare ?? dynamic) as string;
    const isPackage = !target.startsWith('.');
    return {
      from: file,
      to: isPackage ? target : resolveFile(file, target),
      isPackage,
      typeOnly: type !== undefined || typeQuery !== undefined || onlyTypes(clause),
    };
  });

/** `{ type A, type B }` imports no value. */
const onlyTypes = (clause: string): boolean => {
  const names = /^\{(.*)\}$/s
    .exec(clause.trim())?.[1]
    ?.split(',')
    .filter((name) => name.trim() !== '');
  return names?.every((name) => name.trim().startsWith('type ')) ?? false;
};

const resolveFile = (from: string, specifier: string): string => {
  const path = join(ROOT, dirname(from), specifier.replace(/\?\w+$/, ''));
  const source = path.replace(/\.js$/, '.ts');
  return relative(ROOT, existsSync(source) ? source : path).replaceAll('\\', '/');
};
