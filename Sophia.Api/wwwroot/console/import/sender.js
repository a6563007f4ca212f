// Sends records in batches. Each batch has its Idempotency-Key, so one that is sent again is written once.
import { call, namespacePath } from '../core/api.js';

const MostRecords = 500;
const MostCharacters = 2_000_000;
const MostTries = 8;

// Not crypto.randomUUID: that is there on https and localhost only.
const newKey = () => [...crypto.getRandomValues(new Uint8Array(16))].map((b) => b.toString(16).padStart(2, '0')).join('');

/** Gathers records and sends them; onReceipts(receipts, wheres) after each batch, onWait(seconds) when the service asks to wait. */
export class Sender {
  #namespace; #signal; #onReceipts; #onWait;
  #items = [];
  #wheres = [];
  #characters = 0;

  constructor(namespace, { signal, onReceipts, onWait }) {
    [this.#namespace, this.#signal, this.#onReceipts, this.#onWait] = [namespace, signal, onReceipts, onWait];
  }

  /** Takes one record; sends when a batch is full. Throws Problem when the service refuses the whole batch. */
  async add(record, where) {
    const length = JSON.stringify(record).length;
    if (this.#items.length > 0 && (this.#items.length >= MostRecords || this.#characters + length > MostCharacters)) await this.flush();
    this.#items.push(record);
    this.#wheres.push(where);
    this.#characters += length;
  }

  async flush() {
    if (this.#items.length === 0) return;
    const [items, wheres] = [this.#items, this.#wheres];
    [this.#items, this.#wheres, this.#characters] = [[], [], 0];
    const key = newKey();
    for (let attempt = 1; ; attempt++) {
      try {
        const { json } = await call(`${namespacePath(this.#namespace)}/memories`, { method: 'POST', body: { items }, headers: { 'Idempotency-Key': key }, signal: this.#signal });
        this.#onReceipts(json.receipts, wheres);
        return;
      } catch (error) {
        const isPassing = error.status === 0 || error.status === 429 || error.status === 503;
        if (!isPassing || attempt === MostTries) throw error;
        const seconds = error.retryAfter || Math.min(2 ** (attempt - 1), 10);
        this.#onWait(seconds, error);
        await new Promise((done, stopped) => {
          const timer = setTimeout(done, seconds * 1000);
          this.#signal.addEventListener('abort', () => { clearTimeout(timer); stopped(this.#signal.reason); }, { once: true });
        });
      }
    }
  }
}
