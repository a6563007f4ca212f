// Import: drop files, see each record's fate.
import { namespaces } from '../core/api.js';
import { field, h, newId, put } from '../core/dom.js';
import { problemBox } from '../core/problem.js';
import { keep } from '../core/unsaved.js';
import { session } from '../core/session.js';
import { chosen, filesOf } from '../import/sources.js';
import { run } from './import-run.js';

export async function importPage(root, { signal }) {
  const known = await namespaces(signal);
  const list = newId('names');
  const name = h('input', { type: 'text', required: true, value: session.namespace || known[0]?.name || 'notes', list, autocomplete: 'off', spellcheck: 'false', pattern: '[a-z0-9][a-z0-9._\\-]{0,127}' });
  const files = h('input', { type: 'file', multiple: true, id: newId('files'), class: 'sr', onchange: () => choose(files) });
  const folder = h('input', { type: 'file', webkitdirectory: true, id: newId('folder'), class: 'sr', onchange: () => choose(folder) });
  const zone = h('div', { class: 'drop' },
    h('p', { class: 'drop-title' }, 'Drop files or a folder here'),
    h('p', { class: 'note' }, 'Markdown and text are split at headings and paragraphs; NDJSON is taken line by line. Chunks that a file has no longer are deleted. Nothing but the records leaves this page.'),
    h('p', { class: 'actions' }, files, h('label', { class: 'button primary', for: files.id }, 'Choose files'), folder, h('label', { class: 'button', for: folder.id }, 'Choose a folder')));
  const refusal = h('div');
  const progress = h('div', { class: 'stack' });
  let isBusy = false;

  for (const kind of ['dragenter', 'dragover']) zone.addEventListener(kind, (event) => { event.preventDefault(); zone.classList.add('over'); });
  zone.addEventListener('dragleave', (event) => { if (!zone.contains(event.relatedTarget)) zone.classList.remove('over'); });
  zone.addEventListener('drop', (event) => {
    event.preventDefault();
    zone.classList.remove('over');
    begin(() => filesOf(event.dataTransfer));
  });

  function choose(input) {
    const all = chosen(input.files);
    // Chosen again, the same files would be no change.
    input.value = '';
    begin(() => all);
  }

  /** gather gives the files. It is called at once, since a drop can be read only while it happens; a folder's come later. */
  async function begin(gather) {
    put(refusal);
    if (isBusy) {
      put(refusal, h('p', { class: 'note warn', role: 'alert' }, 'An import is running. Stop it, or drop these again when it has ended.'));
    } else if (name.reportValidity()) {
      isBusy = true;
      let letGo = () => {};
      try {
        const all = await gather();
        if (signal.aborted || all.length === 0) return;
        letGo = keep(progress, () => isBusy, 'The import is still running. What has a receipt stays; the rest is not sent.');
        await run(name.value, all, progress, signal);
        put(refusal);
      } catch (error) {
        put(refusal, problemBox(error));
      } finally {
        isBusy = false;
        letGo();
      }
    }
  }

  put(root,
    h('div', { class: 'page-head' }, h('div', null, h('h1', null, 'Import'), h('p', null, 'Done again with the same files it changes nothing: the same text under the same key is “unchanged”.'))),
    h('div', { class: 'stack import-page' }, field('Into namespace', name, 'One that is not there is made by its first record.'),
      h('datalist', { id: list }, known.map((n) => h('option', { value: n.name }))), zone, refusal, progress));
}
