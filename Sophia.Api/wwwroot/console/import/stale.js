// What a document's former, longer text left behind its new end goes, as the command line has it.
import { namespacePath, recordPath } from '../core/api.js';
import { patiently } from './patience.js';

const PageSize = 500;

/** Follows documents from their chunks to their receipts, and deletes the chunks that they have no longer. */
export class StaleChunks {
  #namespace; #asking;
  #open = new Set();
  removed = 0;

  /** asking: call, which asks, and what patiently takes. */
  constructor(namespace, asking) {
    [this.#namespace, this.#asking] = [namespace, asking];
  }

  /** A document begins. wait() for each chunk, heard(receipt) for each receipt, ended() when all of it was read. */
  begin(path) {
    const document = { path, count: 0, waiting: 0, wasKnown: false };
    return {
      wait: () => { document.count++; document.waiting++; },
      heard: ({ status }) => { document.waiting--; document.wasKnown ||= status !== 'stored'; },
      ended: () => this.#open.add(document),
    };
  }

  /** Looks after those whose last receipt is here. An empty file has none that could tell whether it had content before. */
  async sweep() {
    for (const document of [...this.#open].filter((d) => d.waiting === 0)) {
      this.#open.delete(document);
      if (document.wasKnown || document.count === 0) await this.#remove(document);
    }
  }

  async #remove({ path, count }) {
    for (const key of await this.#staleKeys(path, count)) {
      const isGone = await this.#ask(recordPath(this.#namespace, key), { method: 'DELETE' });
      if (isGone) this.removed++;
    }
  }

  async #staleKeys(path, count) {
    const stale = [];
    for (let cursor = null; ;) {
      const query = new URLSearchParams({ prefix: `${path}#`, limit: PageSize, ...(cursor && { cursor }) });
      const answer = await this.#ask(`${namespacePath(this.#namespace)}/memories?${query}`, { background: true });
      if (!answer) return stale;
      stale.push(...answer.json.items.map((item) => item.key).filter((key) => positionIn(key, path) >= count));
      cursor = answer.json.next;
      if (!cursor) return stale;
    }
  }

  /** The answer; null when there is no such namespace, or somebody else has deleted the record since. */
  async #ask(path, options) {
    try {
      return await patiently(() => this.#asking.call(path, { ...options, signal: this.#asking.signal }), this.#asking);
    } catch (error) {
      if (error.status === 404) return null;
      throw error;
    }
  }
}

/** The position in a key of this file; NaN, which is no position, for another's, such as of a file named path#0001. */
const positionIn = (key, path) => Number(/^#(\d{4,})$/.exec(key.slice(path.length))?.[1] ?? NaN);
