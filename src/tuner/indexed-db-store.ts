import { TilewiseError } from '../errors.js';
import type { TextStore } from '../platform.js';

const DATABASE = 'tilewise';
const TEXTS = 'texts';

const answered = <T>(request: IDBRequest<T>): Promise<T> =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });

/** Texts in an IndexedDB database of the page's origin. */
export const indexedDbStore = (): TextStore => {
  const { indexedDB } = globalThis;
  if (!indexedDB) throw new TilewiseError('not-found', 'there is no IndexedDB');
  const open = (): Promise<IDBDatabase> => {
    const request = indexedDB.open(DATABASE, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(TEXTS);
    return answered(request);
  };
  const within = async <T>(mode: IDBTransactionMode, work: (texts: IDBObjectStore) => IDBRequest<T>): Promise<T> => {
    const database = await open();
    try {
      const transaction = database.transaction(TEXTS, mode);
      const done = new Promise<void>((resolve, reject) => {
        transaction.oncomplete = () => resolve();
        transaction.onabort = () => reject(transaction.error);
      });
      const [result] = await Promise.all([answered(work(transaction.objectStore(TEXTS))), done]);
      return result;
    } finally {
      database.close();
    }
  };
  return {
    read: async (name) => {
      const text: unknown = await within('readonly', (texts) => texts.get(name));
      return typeof text === 'string' ? text : undefined;
    },
    write: async (name, text) => void (await within('readwrite', (texts) => texts.put(text, name))),
    remove: async (name) => void (await within('readwrite', (texts) => texts.delete(name))),
  };
};
