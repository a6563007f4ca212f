// One record: its content and facts, its history with a slider through time, its editor, and how it is forgotten.
import { call, namespacePath, recordPath } from '../core/api.js';
import { h, once, put } from '../core/dom.js';
import { ago, contentText, moment } from '../core/format.js';
import { problemBox } from '../core/problem.js';
import { rewrite, to } from '../core/route.js';
import { session } from '../core/session.js';
import { waterfall } from '../charts/waterfall.js';
import { editor } from './editor.js';
import { forgetFlow, tell } from './forget.js';
import { timeline } from './timeline.js';

export async function recordPage(root, route) {
  const { parts: [ns, key], query, signal } = route;
  session.namespace = ns;
  if (query.get('new')) {
    put(root, head(ns, 'Write a record'), editor({ ns, onSaved: (saved, sequence) => { if (!signal.aborted) location.hash = to('record', [ns, saved], { seeing: sequence }); } }));
    return;
  }
  const failure = h('div');
  const body = h('div', { class: 'record-page' });
  const actions = h('div', { class: 'actions' });

  const read = (options) => call(recordPath(ns, key), { ...options, signal, exact: true });
  const readWithVector = () => call(`${recordPath(ns, key)}?include=vector`, { signal, exact: true });

  async function show(options) {
    const answer = await read(options);
    const record = answer.json;
    put(actions,
      h('button', { type: 'button', class: 'button primary', onclick: once(() => edit(answer)) }, 'Edit'),
      h('button', { type: 'button', class: 'button', onclick: once(forget) }, 'Forget …'));
    put(body,
      h('div', { class: 'stack' },
        h('article', { class: 'card' }, h('pre', { class: typeof record.content === 'string' ? 'text' : 'code', tabindex: '0', 'aria-label': 'Content' }, contentText(record))),
        timeline(ns, key, record, signal)),
      h('aside', { class: 'stack' }, facts(record, answer), h('section', { class: 'card', 'aria-label': 'Where the time went' }, h('h2', null, 'Read just now'), h('p', { class: 'note' }, 'Served by ', h('span', { class: `tier-chip tone-${(answer.tier ?? 'l3').toLowerCase()}` }, answer.tier ?? 'L3'), answer.stale && ' stale: L3 does not answer'), waterfall(answer.timing, answer.roundTripMs))));
  }

  // The settings are asked for only here: a copy can be read while they cannot.
  async function edit(shown) {
    put(failure);
    try {
      const { json: space } = await call(namespacePath(ns), { signal });
      // Vectors of the caller must go back with an edit: without one the record would lose it.
      const needsVector = space.settings.vectorSource === 'caller';
      const { json: record, etag } = needsVector ? await readWithVector() : shown;
      put(actions);
      put(body, editor({ ns, record, etag, read: needsVector ? readWithVector : read, onSaved: saved, onCancel: cancelled }));
      body.querySelector('textarea')?.focus();
    } catch (error) {
      if (!signal.aborted) put(failure, problemBox(error));
    }
  }

  // Taken away at once: what is typed into an editor that waits for the record would go with it.
  async function cancelled() {
    put(body);
    await again();
  }

  async function saved(_, sequence) {
    put(body);
    await again(seeing(sequence));
  }

  async function again(options) {
    put(failure);
    try {
      await show(options);
      actions.querySelector('button')?.focus();
    } catch (error) {
      if (!signal.aborted) put(failure, problemBox(error, () => again(options)));
    }
  }

  async function forget() {
    try {
      const proof = await forgetFlow(ns, { keys: [key] }, key, { node: body, signal });
      if (!proof) return;
      put(actions, h('a', { class: 'button', href: to('browse', [ns]) }, `Back to ${ns}`));
      put(body, proof);
      tell(proof);
    } catch (error) {
      if (!signal.aborted) put(failure, problemBox(error));
    }
  }

  await show(seeing(query.get('seeing')));
  if (query.get('seeing')) rewrite(to('record', [ns, key]));
  put(root, head(ns, key, actions), failure, body);
}

// A copy may be older than what was just saved here.
const seeing = (sequence) => (sequence ? { headers: { 'Sophia-Min-Sequence': sequence } } : {});

const head = (ns, title, actions) => h('div', { class: 'page-head' },
  h('div', { class: 'record-title' }, h('p', { class: 'crumbs' }, h('a', { href: to('browse') }, 'Browse'), ' / ', h('a', { href: to('browse', [ns]) }, ns), ' /'), h('h1', null, title)), actions);

function facts(record, { etag }) {
  const rows = [
    ['Version', record.version], ['Updated', h('span', { title: ago(record.updatedAt) }, moment(record.updatedAt))], ['Created', moment(record.createdAt)],
    ['Type', h('code', null, record.contentType)],
    record.expiresAt && ['Expires', moment(record.expiresAt)], record.validFrom && ['Valid from', moment(record.validFrom)], record.validTo && ['Valid to', moment(record.validTo)],
    record.tags.length > 0 && ['Tags', h('span', { class: 'chips' }, record.tags.map((t) => h('span', { class: 'chip' }, t)))],
    ...Object.entries(record.provenance ?? {}).map(([name, value]) => [`From: ${name}`, value]),
    ['ETag', h('code', null, etag)],
  ].filter(Boolean);
  const attributes = Object.entries(record.attributes);
  return h('section', { class: 'card', 'aria-label': 'Facts' },
    h('dl', { class: 'facts' }, rows.map(([name, value]) => h('div', null, h('dt', null, name), h('dd', null, value)))),
    attributes.length > 0 && [h('h2', null, 'Attributes'), h('dl', { class: 'facts' }, attributes.map(([name, value]) => h('div', null, h('dt', null, name), h('dd', null, h('code', null, JSON.stringify(value))))))]);
}
