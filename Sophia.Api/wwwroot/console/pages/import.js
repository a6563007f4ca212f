// Import: drop files, see each record's fate.
import { namespaces } from '../core/api.js';
import { announce, field, h, newId, put } from '../core/dom.js';
import { bytes, count, plural } from '../core/format.js';
import { problemBox } from '../core/problem.js';
import { keep } from '../core/unsaved.js';
import { to } from '../core/route.js';
import { session } from '../core/session.js';
import { shares } from '../charts/shares.js';
import { chosen, filesOf, mayBeText, recordsOf } from '../import/sources.js';
import { Sender } from '../import/sender.js';

const MostErrors = 200;
const Outcomes = [['stored', 'tone-l3'], ['replaced', 'tone-l1'], ['merged', 'tone-l4'], ['unchanged', 'tone-other'], ['rejected', 'tone-l0']];

export async function importPage(root, { signal }) {
  const known = await namespaces(signal);
  const list = newId('names');
  const name = h('input', { type: 'text', value: session.namespace || known[0]?.name || 'notes', list, autocomplete: 'off', spellcheck: 'false', pattern: '[a-z0-9][a-z0-9._\\-]{0,127}' });
  const files = h('input', { type: 'file', multiple: true, id: newId('files'), class: 'sr', onchange: () => begin(chosen(files.files)) });
  const folder = h('input', { type: 'file', webkitdirectory: true, id: newId('folder'), class: 'sr', onchange: () => begin(chosen(folder.files)) });
  const zone = h('div', { class: 'drop' },
    h('p', { class: 'drop-title' }, 'Drop files or a folder here'),
    h('p', { class: 'note' }, 'Markdown and text are split at headings and paragraphs; NDJSON is taken line by line. Nothing but the records leaves this page.'),
    h('p', { class: 'actions' }, files, h('label', { class: 'button primary', for: files.id }, 'Choose files'), folder, h('label', { class: 'button', for: folder.id }, 'Choose a folder')));
  const progress = h('div', { class: 'stack' });
  let isRunning = false;

  for (const kind of ['dragenter', 'dragover']) zone.addEventListener(kind, (event) => { event.preventDefault(); zone.classList.add('over'); });
  zone.addEventListener('dragleave', (event) => { if (!zone.contains(event.relatedTarget)) zone.classList.remove('over'); });
  zone.addEventListener('drop', async (event) => {
    event.preventDefault();
    zone.classList.remove('over');
    try {
      await begin(await filesOf(event.dataTransfer));
    } catch (error) {
      put(progress, problemBox(error));
    }
  });

  async function begin(all) {
    if (isRunning || all.length === 0) return;
    if (!name.reportValidity() || !name.value) return;
    isRunning = true;
    keep(progress, () => isRunning, 'The import is still running. What has a receipt stays; the rest is not sent.');
    try {
      await run(name.value, all, progress, signal);
    } finally {
      isRunning = false;
      files.value = folder.value = '';
    }
  }

  put(root,
    h('div', { class: 'page-head' }, h('div', null, h('h1', null, 'Import'), h('p', null, 'Done again with the same files it changes nothing: the same text under the same key is “unchanged”.'))),
    h('div', { class: 'stack import-page' }, field('Into namespace', name, 'One that is not there is made by its first record.'),
      h('datalist', { id: list }, known.map((n) => h('option', { value: n.name }))), zone, progress));
}

async function run(ns, all, root, pageSignal) {
  session.namespace = ns;
  const stopping = new AbortController();
  pageSignal.addEventListener('abort', () => stopping.abort(), { once: true });
  const taken = all.filter((f) => mayBeText(f.path));
  const total = taken.reduce((sum, f) => sum + f.file.size, 0);
  const tally = Object.fromEntries(Outcomes.map(([word]) => [word, 0]));
  const errors = [];
  let [read, filesDone, wrong] = [0, 0, 0];

  const bar = h('progress', { max: Math.max(1, total), value: 0, 'aria-label': 'Bytes read' });
  const line = h('p', { class: 'number' });
  const waiting = h('p', { class: 'note warn', role: 'status' });
  const outcome = h('div');
  const failures = h('ul', { class: 'import-errors' });
  const failuresBox = h('section', { class: 'card', hidden: true }, h('h2', null, 'Not taken'), failures);
  const stop = h('button', { type: 'button', class: 'button', onclick: () => stopping.abort() }, 'Stop');
  const end = h('div', { class: 'actions' });
  put(root, h('section', { class: 'card stack', 'aria-label': 'Progress' }, bar, h('div', { class: 'import-line' }, line, stop), waiting, outcome, end), failuresBox);

  const fail = (where, why) => {
    wrong++;
    if (errors.length < MostErrors) {
      errors.push(where);
      failures.append(h('li', null, h('code', null, where), ' ', why));
    }
    failuresBox.hidden = false;
  };
  let frame = 0;
  const draw = () => {
    frame ||= requestAnimationFrame(() => {
      frame = 0;
      bar.value = read;
      const sum = Object.values(tally).reduce((a, b) => a + b, 0);
      put(line, `${count(filesDone)} of ${plural(taken.length, 'file')}, ${bytes(read)} of ${bytes(total)}, ${plural(sum, 'receipt')}`);
      put(outcome, sum > 0 && shares(Outcomes.map(([word, tone]) => ({ name: word, value: tally[word], text: count(tally[word]), tone })), { label: 'Receipts' }));
    });
  };
  const sender = new Sender(ns, {
    signal: stopping.signal,
    onWait: (seconds, problem) => put(waiting, `${problem.detail} Trying again in ${plural(seconds, 'second')}.`),
    onReceipts: (receipts, wheres) => {
      put(waiting);
      receipts.forEach((receipt, i) => {
        tally[receipt.status] = (tally[receipt.status] ?? 0) + 1;
        if (receipt.status === 'rejected') fail(wheres[i], `${receipt.reason}: ${receipt.detail}`);
      });
      draw();
    },
  });

  for (const { path } of all.filter((f) => !mayBeText(f.path))) fail(path, 'passed over: not named as text (.md, .markdown, .txt, .rst, .ndjson, .jsonl, or without an ending)');
  draw();
  try {
    for (const file of taken) {
      for await (const { record, where, error } of recordsOf(file, (n) => { read += n; draw(); })) {
        stopping.signal.throwIfAborted();
        if (error) fail(where, error);
        else await sender.add(record, where);
      }
      filesDone++;
    }
    await sender.flush();
    put(end, h('a', { class: 'button primary', href: to('search', [ns]) }, `Search ${ns}`), h('a', { class: 'button', href: to('browse', [ns]) }, 'Browse it'));
    announce(`Imported: ${Outcomes.map(([word]) => `${count(tally[word])} ${word}`).join(', ')}${wrong > 0 ? `, ${count(wrong)} not taken` : ''}`);
  } catch (error) {
    if (pageSignal.aborted) return;
    put(end, stopping.signal.aborted ? null : problemBox(error), h('p', { class: 'note' }, 'Stopped. What has a receipt is stored; drop the same files again to go on.'));
  } finally {
    stop.remove();
    put(waiting);
    draw();
  }
}
