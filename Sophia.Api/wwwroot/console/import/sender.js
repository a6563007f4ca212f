// Sends records in batches. Each batch has its Idempotency-Key, so one that is sent again is written once.
import { namespacePath } from '../core/api.js';
import { patiently } from './patience.js';

const MostRecords = 500;
const MostCharacters = 2_000_000;

// Not crypto.randomUUID: that is there on https and localhost only.
const newKey = () => [...crypto.getRandomValues(new Uint8Array(16))].map((b) => b.toString(16).padStart(2, '0')).join('');

/** Gathers records and sends them with call; onReceipts(receipts, marks) after each batch, onWait as patiently has it. */
export class Sender {
  #namespace; #call; #signal; #onReceipts; #onWait;
  #items = [];
  #marks = [];
  #characters = 0;

  constructor(namespace, { call, signal, onReceipts, onWait }) {
    [this.#namespace, this.#call, this.#signal, this.#onReceipts, this.#onWait] = [namespace, call, signal, onReceipts, onWait];
  }

  /**
   * Takes one record, and the mark that its receipt comes back with; sends when a batch is full. Throws Problem when the
   * service refuses the whole batch.
   */
  async add(record, mark) {
    const length = JSON.stringify(record).length;
    if (this.#items.length > 0 && (this.#items.length >= MostRecords || this.#characters + length > MostCharacters)) await this.flush();
    this.#items.push(record);
    this.#marks.push(mark);
    this.#characters += length;
  }

  async flush() {
    if (this.#items.length === 0) return;
    const [items, marks] = [this.#items, this.#marks];
    [this.#items, this.#marks, this.#characters] = [[], [], 0];
    const key = newKey();
    const { json } = await patiently(
      () => this.#call(`${namespacePath(this.#namespace)}/memories`, { method: 'POST', body: { items }, headers: { 'Idempotency-Key': key }, signal: this.#signal }),
      { signal: this.#signal, onWait: this.#onWait });
    this.#onReceipts(json.receipts, marks);
  }
}
