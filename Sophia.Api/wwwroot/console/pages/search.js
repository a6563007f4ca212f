// Search: one query, in one mode or in two side by side; every hit says why it is where it is.
import { call, namespacePath, searchFields } from '../core/api.js';
import { announce, h, put, segmented, select } from '../core/dom.js';
import { count, ms, plural } from '../core/format.js';
import { namespacePicker, noNamespaces } from '../core/namespaces.js';
import { problemBox } from '../core/problem.js';
import { rewrite, to } from '../core/route.js';
import { waterfall } from '../charts/waterfall.js';
import { hitCard } from './hits.js';
import { searchOptions } from './search-options.js';

const Modes = [['hybrid', 'Hybrid'], ['lexical', 'Lexical'], ['vector', 'Vector']];

export async function searchPage(root, { parts, query, signal }) {
  const results = h('div', { class: 'results' });
  let running = new AbortController();
  const picker = await namespacePicker({ wanted: parts[0], signal, onChange: () => run() });
  if (!picker.node) {
    put(root, h('div', { class: 'page-head' }, h('h1', null, 'Search')), noNamespaces());
    return;
  }
  const known = await searchFields();
  if (signal.aborted) return;
  let mode = Modes.some(([m]) => m === query.get('mode')) ? query.get('mode') : 'hybrid';
  const text = h('input', { type: 'search', id: 'query', value: query.get('q') ?? '', placeholder: 'What do you want to find?', autocomplete: 'off', enterkeyhint: 'search' });
  const beside = select([['', 'nothing'], ...Modes], query.get('beside') ?? '', { onchange: () => run() });
  const options = searchOptions(known, query, () => run());

  async function run() {
    const ns = picker.node.querySelector('select').value;
    rewrite(to('search', [ns], { q: text.value, mode: mode === 'hybrid' ? '' : mode, beside: beside.value, ...options.address() }));
    running.abort();
    results.removeAttribute('aria-busy');
    if (!options.isClear()) {
      put(results);
      return;
    }
    if (!text.value.trim()) {
      put(results, start(picker, ns));
      return;
    }
    running = new AbortController();
    signal.addEventListener('abort', () => running.abort(), { once: true });
    const mine = running;
    const modes = beside.value && beside.value !== mode ? [mode, beside.value] : [mode];
    results.setAttribute('aria-busy', 'true');
    let answers, body;
    try {
      body = { query: text.value, ...options.body() };
      answers = await Promise.all(modes.map((m) => call(`${namespacePath(ns)}/search`, { method: 'POST', body: m === 'hybrid' ? body : { ...body, mode: m }, signal: mine.signal })));
    } catch (error) {
      if (mine.signal.aborted) return;
      put(results, problemBox(error, () => run()));
      return;
    } finally {
      if (!mine.signal.aborted) results.removeAttribute('aria-busy');
    }
    put(results, modes.length === 2 ? h('div', { class: 'columns' }, answers.map((a, i) => column(a, ns, modes[i], body, answers[1 - i]))) : column(answers[0], ns, null, body, null));
    announce(`${plural(answers[0].json.hits.length, 'hit')} for ${text.value}. ${reservations(answers[0].json)}`);
  }

  put(root,
    h('div', { class: 'page-head' }, h('div', null, h('h1', null, 'Search')), picker.node),
    h('form', { class: 'search-form', role: 'search', onsubmit: (event) => { event.preventDefault(); run(); } },
      h('div', { class: 'query' }, h('label', { class: 'sr', for: 'query' }, 'Query'), text, h('button', { type: 'submit', class: 'button primary' }, 'Search')),
      h('div', { class: 'row search-modes' },
        segmented('Mode', Modes, mode, (value) => { mode = value; run(); }),
        h('div', { class: 'beside' }, h('label', { for: 'beside' }, 'beside'), Object.assign(beside, { id: 'beside' }))),
      options.node),
    results);
  text.focus();
  await run();
}

function start(picker, ns) {
  const item = picker.items?.find((i) => i.name === ns);
  return h('section', { class: 'empty' },
    h('h2', null, item ? `${plural(item.count, 'record')} to search in ${ns}` : picker.items ? `There is no namespace ${ns}` : `Search in ${ns}`),
    h('p', null, 'Ask in plain words. Each hit shows what its score is made of; put a second mode beside the first to compare them.'),
    h('p', { class: 'note' }, 'The key / brings you here from any page.'));
}

function column(answer, ns, mode, { filter }, other) {
  const { json } = answer;
  const lacking = reservations(json);
  const ranks = other ? new Map(other.json.hits.map((hit, i) => [hit.key, i + 1])) : null;
  return h('section', { class: 'column', 'aria-label': mode ? `Hits in mode ${mode}` : 'Hits' },
    h('div', { class: 'answer-head' },
      h('p', { class: 'answer-line' },
        mode && h('strong', { class: 'mode' }, mode),
        h('span', { class: `tier-chip tone-${json.tier.toLowerCase()}` }, json.tier),
        h('span', { class: 'number' }, `${plural(json.hits.length, 'hit')} of ${count(json.matching)} matching, ${count(json.scanned)} scanned, ${ms(json.tookMs)}`),
        answer.stale && h('span', { class: 'note warn' }, 'stale: L3 does not answer')),
      h('details', { class: 'timing', open: !mode }, h('summary', null, 'Where the time went'), waterfall(answer.timing, answer.roundTripMs))),
    lacking && h('p', { class: 'note warn' }, lacking), understood(json), filterNotes(json),
    json.hits.length === 0
      ? h('section', { class: 'empty' }, h('h2', null, 'Nothing found'), h('p', null, json.matching > 0 ? 'Try other words, or mode vector, which finds by likeness and not by words.' : whyNone(json, filter)))
      : h('ol', { class: 'hits' }, json.hits.map((hit, i) => hitCard(hit, i + 1, ns, ranks))));
}

// One line for all that makes the answer less than was asked for; empty when nothing does.
function reservations({ mode, degraded, withoutVector, partial }) {
  return [
    degraded && `Degraded, searched in mode ${mode}: ${degraded}`,
    withoutVector > 0 && !degraded?.startsWith('vectors-missing') && `${plural(withoutVector, 'record')} without a vector: found by words alone.`,
    partial && `Partial, without ${partial.missing.map((m) => `shard ${m.shard} (${m.reason})`).join(', ')}`,
  ].filter(Boolean).join(' ');
}

function whyNone({ understood: u }, filter) {
  const phrases = u?.phrases ?? [];
  if (phrases.length === 0) return filter ? 'No record passes the filters. Take one away.' : 'There is no record to search.';
  return `No record${filter ? ' that passes the filters' : ''} has the ${phrases.length === 1 ? 'phrase' : 'phrases'}. Take the quotes or the plus away to find the words apart.`;
}

function understood({ understood: u }) {
  if (!u) return null;
  const said = [
    ...(u.phrases ?? []).map((p) => h('span', { class: 'chip' }, 'phrase ', h('b', null, p))),
    ...(u.dates ?? []).map((d) => h('span', { class: 'chip' }, h('b', null, d.text), ` ${(d.from ?? '').slice(0, 10)} to ${(d.to ?? '').slice(0, 10)}`)),
    ...(u.corrections ?? []).map((c) => h('span', { class: 'chip' }, c.from, ' → ', h('b', null, [c.to].flat().join(', ')))),
  ];
  return said.length === 0 ? null : h('p', { class: 'chips understood' }, h('span', { class: 'note' }, 'Understood'), said);
}

function filterNotes({ filterNotes: notes }) {
  const counted = (notes ?? []).filter((n) => n.missing > 0 || n.mistyped > 0);
  return counted.map((n) => h('p', { class: 'note warn' }, 'Attribute ', h('code', null, n.attribute), ` is missing in ${plural(n.missing, 'record')} and of another type in ${count(n.mistyped)}: the filter passes those over.`));
}
