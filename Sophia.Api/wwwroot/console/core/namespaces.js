// The choice of a namespace, the same on each page, and what stands there while there is none.
import { namespaces } from './api.js';
import { h, field, select } from './dom.js';
import { count } from './format.js';
import { session } from './session.js';
import { to } from './route.js';

/**
 * Loads the tenant's namespaces and makes a select of them. Where they cannot be listed just now, it has the one that is
 * wanted, whose records may still be served.
 * Returns { node, items, value }; node is null when there are none, items when they are not known. wanted: from the address,
 * goes before the last one used.
 */
export async function namespacePicker({ wanted, onChange, signal }) {
  const last = wanted || session.namespace;
  let items;
  try {
    items = await namespaces(signal);
  } catch (error) {
    if (!last || !(error.status >= 500)) throw error;
    session.namespace = last;
    return { node: field('Namespace', select([[last, last]], last), `The others cannot be listed: ${error.message}`), items: null, value: last };
  }
  if (items.length === 0) return { node: null, items, value: wanted || '' };
  const known = items.map((i) => i.name);
  const value = wanted || (known.includes(session.namespace) ? session.namespace : [...items].sort((a, b) => b.count - a.count)[0].name);
  session.namespace = value;
  const options = items.map((i) => [i.name, `${i.name} · ${count(i.count)}`]);
  if (!known.includes(value)) options.unshift([value, `${value} (not there)`]);
  const control = select(options, value, { onchange: () => { session.namespace = control.value; onChange(control.value); } });
  return { node: field('Namespace', control), items, value };
}

/** What to do while the tenant has no namespace. */
export const noNamespaces = () => h('section', { class: 'empty' },
  h('h2', null, 'Nothing is remembered yet'),
  h('p', null, 'Records live in namespaces. Drop some files to make one, or make an empty one by hand.'),
  h('p', { class: 'actions' },
    h('a', { class: 'button primary', href: to('import') }, 'Import files'),
    h('a', { class: 'button', href: to('browse') }, 'Make a namespace')));
