// The namespaces of the tenant, and the form that makes one.
import { call, namespacePath, namespaces } from '../core/api.js';
import { field, h, put, select } from '../core/dom.js';
import { count, plural } from '../core/format.js';
import { problemBox } from '../core/problem.js';
import { to } from '../core/route.js';
import { session } from '../core/session.js';

export async function spaces(root, { signal }) {
  const items = await namespaces(signal);
  put(root,
    h('div', { class: 'page-head' }, h('div', null, h('h1', null, 'Browse'),
      h('p', null, items.length === 0 ? 'Nothing is remembered yet.' : `${plural(items.length, 'namespace')}, ${plural(items.reduce((sum, i) => sum + i.count, 0), 'record')}.`))),
    h('div', { class: 'browse-page' },
      items.length === 0
        ? h('section', { class: 'empty' }, h('h2', null, 'Make the first namespace'), h('p', null, 'A namespace holds the records of one purpose: notes, a project, a customer. Importing files makes one, too.'),
          h('a', { class: 'button primary', href: to('import') }, 'Import files'))
        : h('ul', { class: 'spaces' }, items.map(space)),
      makeForm(signal)));
}

const space = (item) => h('li', null, h('a', { class: 'card space', href: to('browse', [item.name]) },
  h('h2', null, item.name),
  h('p', { class: 'space-count number' }, count(item.count), h('span', null, item.count === 1 ? ' record' : ' records')),
  h('p', { class: 'note' }, vectorsOf(item.settings), item.settings.resident && ', never leaves these machines', item.settings.logRetentionSeconds && `, history kept ${plural(Math.round(item.settings.logRetentionSeconds / 86_400), 'day')}`)));

/** How the vectors of a namespace come about. */
export const vectorsOf = (settings) => (settings.vectorSource === 'none' ? 'words only, no vectors' : `${settings.dimensions} dimensions, ${settings.vectorSource === 'caller' ? 'vectors of the caller' : settings.vectorModel}`);

function makeForm(signal) {
  const failure = h('div');
  const name = h('input', { type: 'text', required: true, pattern: '[a-z0-9][a-z0-9._\\-]{0,127}', autocomplete: 'off', spellcheck: 'false' });
  const source = select([['embedder', "made by the service's embedder"], ['caller', 'sent by the caller'], ['none', 'none, words only']], 'embedder',
    { onchange: () => { dimensionsField.hidden = source.value !== 'caller'; dimensions.required = source.value === 'caller'; } });
  const dimensions = h('input', { type: 'number', min: 1, max: 4096 });
  const dimensionsField = field('Dimensions', dimensions);
  dimensionsField.hidden = true;
  const make = async (event) => {
    event.preventDefault();
    const body = source.value === 'embedder' ? {} : source.value === 'none' ? { vectorSource: 'none' } : { vectorSource: 'caller', dimensions: dimensions.valueAsNumber };
    try {
      await call(namespacePath(name.value), { method: 'PUT', body });
      if (signal.aborted) return;
      session.namespace = name.value;
      location.hash = to('browse', [name.value]);
    } catch (error) {
      put(failure, problemBox(error));
    }
  };
  return h('form', { class: 'card stack make', onsubmit: make, 'aria-labelledby': 'make' },
    h('h2', { id: 'make' }, 'Make a namespace'),
    field('Name', name, 'Small letters, digits, dots, dashes.'), field('Vectors', source), dimensionsField, failure,
    h('div', null, h('button', { type: 'submit', class: 'button primary' }, 'Make it')));
}
