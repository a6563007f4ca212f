// One import: sends what the files have, and draws how far it is and what became of each record.
import { announce, h, put } from '../core/dom.js';
import { bytes, count, plural } from '../core/format.js';
import { problemBox } from '../core/problem.js';
import { to } from '../core/route.js';
import { session } from '../core/session.js';
import { shares } from '../charts/shares.js';
import { callAsNow } from '../import/caller.js';
import { isDocument, mayBeText, recordsOf } from '../import/sources.js';
import { Sender } from '../import/sender.js';
import { StaleChunks } from '../import/stale.js';

const MostErrors = 200;
const Outcomes = [['stored', 'tone-l3'], ['replaced', 'tone-l1'], ['merged', 'tone-l4'], ['unchanged', 'tone-other'], ['rejected', 'tone-l0']];

export async function run(ns, all, root, pageSignal) {
  session.namespace = ns;
  const stopping = new AbortController();
  const signal = AbortSignal.any([pageSignal, stopping.signal]);
  const taken = all.filter((f) => mayBeText(f.path));
  const total = taken.reduce((sum, f) => sum + f.file.size, 0);
  const tally = Object.fromEntries(Outcomes.map(([word]) => [word, 0]));
  let [read, filesDone, wrong] = [0, 0, 0];

  const bar = h('progress', { max: Math.max(1, total), value: 0, 'aria-label': 'Bytes read' });
  const line = h('p', { class: 'number' });
  const waiting = h('p', { class: 'note warn', role: 'status' });
  const outcome = h('div');
  const cut = h('p', { class: 'note number' });
  const failures = h('ul', { class: 'import-errors' });
  const failuresBox = h('section', { class: 'card', hidden: true }, h('h2', null, 'Not taken'), cut, failures);
  const stop = h('button', { type: 'button', class: 'button', onclick: () => stopping.abort() }, 'Stop');
  const end = h('div', { class: 'actions' });
  put(root, h('section', { class: 'card stack', 'aria-label': 'Progress' }, bar, h('div', { class: 'import-line' }, line, stop), waiting, outcome, end), failuresBox);

  const fail = (where, why) => {
    wrong++;
    if (wrong <= MostErrors) failures.append(h('li', null, h('code', null, where), ' ', why));
    failuresBox.hidden = false;
  };
  let frame = 0;
  const draw = () => {
    frame ||= requestAnimationFrame(() => {
      frame = 0;
      bar.value = read;
      const sum = Object.values(tally).reduce((a, b) => a + b, 0);
      put(line, `${count(filesDone)} of ${plural(taken.length, 'file')}, ${bytes(read)} of ${bytes(total)}, ${plural(sum, 'receipt')}${removedOf(stale)}`);
      put(cut, wrong > MostErrors && `${count(wrong)} not taken, the first ${count(MostErrors)} shown.`);
      put(outcome, sum > 0 && shares(Outcomes.map(([word, tone]) => ({ name: word, value: tally[word], text: count(tally[word]), tone })), { label: 'Receipts' }));
    });
  };
  const asking = { call: callAsNow(), signal, onWait: (seconds, problem) => put(waiting, `${problem.detail} Trying again in ${plural(seconds, 'second')}.`) };
  const stale = new StaleChunks(ns, asking);
  const sender = new Sender(ns, {
    ...asking,
    onReceipts: (receipts, marks) => {
      put(waiting);
      receipts.forEach((receipt, i) => {
        const { where, document } = marks[i];
        tally[receipt.status] = (tally[receipt.status] ?? 0) + 1;
        document?.heard(receipt);
        if (receipt.status === 'rejected') fail(where, `${receipt.reason}: ${receipt.detail}`);
      });
      draw();
    },
  });
  const sweep = async () => {
    await stale.sweep();
    draw();
  };

  async function send(file) {
    const document = isDocument(file.path) ? stale.begin(file.path) : null;
    let isRead = true;
    for await (const { record, where, error } of recordsOf(file, (n) => { read += n; draw(); })) {
      signal.throwIfAborted();
      if (error) {
        isRead = false;
        fail(where, error);
        continue;
      }
      document?.wait();
      await sender.add(record, { where, document });
    }
    if (isRead) document?.ended();
    filesDone++;
    await sweep();
  }

  for (const { path } of all.filter((f) => !mayBeText(f.path))) fail(path, 'passed over: not named as text (.md, .markdown, .txt, .rst, .ndjson, .jsonl, or without an ending)');
  draw();
  try {
    for (const file of taken) await send(file);
    await sender.flush();
    await sweep();
    put(end, h('a', { class: 'button primary', href: to('search', [ns]) }, `Search ${ns}`), h('a', { class: 'button', href: to('browse', [ns]) }, 'Browse it'));
    announce(`Imported: ${Outcomes.map(([word]) => `${count(tally[word])} ${word}`).join(', ')}${wrong > 0 ? `, ${count(wrong)} not taken` : ''}${removedOf(stale)}`);
  } catch (error) {
    if (pageSignal.aborted) return;
    put(end, stopping.signal.aborted ? null : problemBox(error), h('p', { class: 'note' }, 'Stopped. What has a receipt is stored; drop the same files again to go on.'));
  } finally {
    stop.remove();
    put(waiting);
    draw();
  }
}

const removedOf = ({ removed }) => (removed > 0 ? `, ${plural(removed, 'chunk')} removed that the files have no longer` : '');
