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
  const name = h('input', { type: 'text', value: session.namespace || known[0]?.name || 'notes', list, autocomplete: 'off', spellcheck: 'false', pattern: '[a-z0-9][a-z0-9._\\-]{0,127}' });
  const files = h('input', { type: 'file', multiple: true, id: newId('files'), class: 'sr', onchange: () => begin(chosen(files.files)) });
  const folder = h('input', { type: 'file', webkitdirectory: true, id: newId('folder'), class: 'sr', onchange: () => begin(chosen(folder.files)) });
  const zone = h('div', { class: 'drop' },
    h('p', { class: 'drop-title' }, 'Drop files or a folder here'),
    h('p', { class: 'note' }, 'Markdown and text are split at headings and paragraphs; NDJSON is taken line by line. Chunks that a file has no longer are deleted. Nothing but the records leaves this page.'),
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
