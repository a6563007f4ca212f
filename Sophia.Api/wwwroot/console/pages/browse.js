// Browse: the records of a namespace, page by page; without one in the address, the namespaces.
import { call, namespacePath } from '../core/api.js';
import { h, once, put } from '../core/dom.js';
import { filterForm } from '../core/filters.js';
import { ago, contentText, count, cut, plural } from '../core/format.js';
import { problemBox } from '../core/problem.js';
import { rewrite, to } from '../core/route.js';
import { session } from '../core/session.js';
import { forgetFlow, removeFlow, tell } from './forget.js';
import { spaces, vectorsOf } from './spaces.js';

const PageSize = 50;

export async function browsePage(root, route) {
  if (route.parts[0]) await records(root, route);
  else await spaces(root, route);
}

async function records(root, { parts: [ns], query, signal }) {
  session.namespace = ns;
  const { json: info } = await call(namespacePath(ns), { signal, background: true });
  const failure = h('div');
  const list = h('div', { class: 'record-list' });
  const pager = h('div', { class: 'actions pager' });
  const filters = filterForm(query, () => { put(pager); load([null]); });
  let cursors = [null];
  let loading = new AbortController();

  // Only the answer to the last question is drawn, and its place is taken only then.
  async function load(wantedCursors) {
    if (signal.aborted) return;
    rewrite(to('browse', [ns], filters.address()));
    loading.abort();
    loading = new AbortController();
    const mine = AbortSignal.any([signal, loading.signal]);
    put(failure);
    if (!filters.isClear()) {
      put(list);
      put(pager);
      return;
    }
    try {
      const wanted = filters.list();
      wanted.set('limit', PageSize);
      // One answer looks at some thousands of records; where none of them passes the filters, it is asked on.
      for (let [cursor, parts] = [wantedCursors.at(-1), 1]; ; parts++) {
        if (cursor) wanted.set('cursor', cursor);
        const { json, tier } = await call(`${namespacePath(ns)}/memories?${wanted}`, { signal: mine, background: parts > 1 });
        if (json.items.length > 0 || json.next === null) {
          cursors = [...wantedCursors.slice(0, -1), cursor];
          draw(json, tier);
          return;
        }
        cursor = json.next;
        put(list, h('p', { class: 'busy' }, `No record up to here passes the filters: looking on, part ${count(parts + 1)} …`));
        put(pager);
      }
    } catch (error) {
      if (mine.aborted) return;
      put(list);
      put(pager);
      put(failure, problemBox(error, () => load(wantedCursors)));
    }
  }

  function draw({ items, next }, tier) {
    const isFiltered = filters.list().size > 0;
    put(list, items.length > 0 ? table(items, ns)
      : cursors.length > 1 ? h('section', { class: 'empty' }, h('h2', null, 'No more records'))
      : h('section', { class: 'empty' }, h('h2', null, isFiltered ? 'No record passes the filters' : 'This namespace is empty'),
        h('p', null, isFiltered ? 'Take one away, or look into another namespace.' : 'Drop files on the import page, or write one record by hand.'),
        !isFiltered && h('p', { class: 'actions' }, h('a', { class: 'button primary', href: to('import') }, 'Import files'), h('a', { class: 'button', href: to('record', [ns], { new: 1 }) }, 'Write a record'))));
    const turn = (name, isOn, target) => h('button', { type: 'button', class: 'button', disabled: !isOn, onclick: async () => { await load(target); list.querySelector('a')?.focus(); } }, name);
    put(pager, turn('Back', cursors.length > 1, cursors.slice(0, -1)), turn('Next', next !== null, [...cursors, next]),
      h('span', { class: 'note number' }, `Page ${cursors.length}, ${plural(items.length, 'record')}`, tier && [', from ', h('span', { class: `tier-chip tone-${tier.toLowerCase()}` }, tier)]));
  }

  const page = { node: list, signal };
  const forgetMatching = once(async () => {
    if (!filters.isClear()) return;
    try {
      const filter = filters.filter();
      const what = Object.keys(filter).length === 0 ? { all: true } : Object.keys(filter).length === 1 && filter.keyPrefix ? { prefix: filter.keyPrefix } : { filter };
      const proof = await forgetFlow(ns, what, what.all ? `everything in ${ns}` : 'all that passes the filters', page);
      if (!proof) return;
      await load([null]);
      failure.prepend(proof);
      tell(proof);
    } catch (error) {
      if (!signal.aborted) put(failure, problemBox(error));
    }
  });

  const removeAll = once(async () => {
    try {
      const proof = await removeFlow(ns, page);
      if (!proof) return;
      session.namespace = null;
      put(root, h('div', { class: 'page-head' }, h('div', null, h('h1', null, ns), h('p', null, 'It was removed. Its name can be used again.'))),
        proof, h('p', { class: 'actions' }, h('a', { class: 'button', href: to('browse') }, 'Browse the namespaces')));
      tell(proof);
    } catch (error) {
      if (!signal.aborted) put(failure, problemBox(error));
    }
  });

  put(root,
    h('div', { class: 'page-head' },
      h('div', null, h('p', { class: 'crumbs' }, h('a', { href: to('browse') }, 'Browse'), ' / '), h('h1', null, ns), h('p', { class: 'number' }, `${plural(info.count, 'record')}, ${vectorsOf(info.settings)}.`)),
      h('div', { class: 'actions' },
        h('a', { class: 'button primary', href: to('record', [ns], { new: 1 }) }, 'Write a record'),
        h('a', { class: 'button', href: to('search', [ns]) }, 'Search it'),
        h('a', { class: 'button', href: to('changes', [ns]) }, 'Watch it'))),
    h('details', { class: 'card filters', open: filters.list().size > 0 }, h('summary', null, 'Filters and forgetting'), filters.node,
      h('p', { class: 'actions' }, h('button', { type: 'button', class: 'button', onclick: forgetMatching }, 'Forget what matches …'), h('span', { class: 'note' }, 'A dry run comes first. Without filters it is all of the namespace.')),
      h('p', { class: 'actions' }, h('button', { type: 'button', class: 'button', onclick: removeAll }, 'Remove the namespace …'), h('span', { class: 'note' }, 'Its records, its settings and its name, whatever the filters say.'))),
    failure, list, pager);
  await load([null]);
}

function table(items, ns) {
  return h('ul', { class: 'records' }, items.map((record) => h('li', null,
    h('a', { class: 'record-link', href: to('record', [ns, record.key]) },
      h('span', { class: 'record-key' }, record.key),
      h('span', { class: 'record-text' }, cut(contentText(record).replace(/\s+/g, ' '), 180)),
      h('span', { class: 'record-facts number' }, record.tags.slice(0, 3).map((t) => h('span', { class: 'chip' }, t)), record.version > 1 && `v${record.version}`, h('span', null, ago(record.updatedAt)))))));
}
