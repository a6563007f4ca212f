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
   * Takes one record, and the mark that its receipt comes back with; sends when a batch is full. A record that makes the
   * service refuse its batch is found by halving, and rejected. Throws Problem when the records are not the reason.
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
    await this.#send(items, marks);
  }

  async #send(items, marks) {
    let receipts;
    try {
      receipts = await this.#receipts(items);
    } catch (problem) {
      if (!isOfBody(problem)) throw problem;
      if (items.length > 1) {
        // The body is refused whole, which says nothing of each record in it.
        const half = items.length >> 1;
        await this.#send(items.slice(0, half), marks.slice(0, half));
        await this.#send(items.slice(half), marks.slice(half));
        return;
      }
      receipts = [{ key: items[0].key, status: 'rejected', reason: problem.code ?? 'too-large', detail: problem.detail }];
    }
    this.#onReceipts(receipts, marks);
  }

  async #receipts(items) {
    const key = newKey();
    const { json } = await patiently(
      () => this.#call(`${namespacePath(this.#namespace)}/memories`, { method: 'POST', body: { items }, headers: { 'Idempotency-Key': key }, signal: this.#signal }),
      { signal: this.#signal, onWait: this.#onWait });
    return json.receipts;
  }
}

/** Whether a problem lies in the records that were sent; others, such as a namespace's name, would be refused again. */
const isOfBody = ({ status, code }) => status === 413 || code === 'malformed-json';
