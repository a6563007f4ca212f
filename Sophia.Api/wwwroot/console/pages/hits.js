// A hit: rank, what its score is made of, its text with what matched, and the records around it.
import { h } from '../core/dom.js';
import { ago, contentText, cut, plural } from '../core/format.js';
import { to } from '../core/route.js';
import { shares } from '../charts/shares.js';

const Longest = 700;
/** The parts that have a tone of their own (style/tokens.css). */
export const Parts = new Set(['lexical', 'vector', 'neighbour', 'speaker', 'statement', 'answer', 'proximity', 'date', 'phrase', 'recency', 'importance']);

/** ranks: key → rank in the answer beside this one, or null. */
export function hitCard(hit, rank, ns, ranks) {
  const text = contentText(hit);
  return h('li', { class: 'hit' },
    h('div', { class: 'hit-rank' }, h('b', null, rank), ranks && moved(rank, ranks.get(hit.key))),
    h('div', { class: 'hit-body' },
      h('h3', null, h('a', { href: to('record', [ns, hit.key]) }, hit.key)),
      neighbours(hit.context?.before, ns, 'before'),
      hit.highlights?.length ? hit.highlights.map((piece) => h('p', { class: 'hit-text' }, marked(piece.text, piece.ranges))) : h('p', { class: 'hit-text' }, marked(cut(text, Longest), matches(cut(text, Longest), hit.matchedTerms))),
      neighbours(hit.context?.after, ns, 'after'),
      h('p', { class: 'hit-facts' },
        typeof hit.attributes?.heading === 'string' && h('span', null, hit.attributes.heading),
        h('span', null, ago(hit.updatedAt)),
        hit.tags.length > 0 && h('span', { class: 'chips' }, hit.tags.map((t) => h('span', { class: 'chip' }, t)))),
      folded(hit.folded, ns)),
    h('div', { class: 'hit-score' }, h('p', { class: 'score number' }, hit.score.toFixed(3)), parts(hit)));
}

function parts(hit) {
  const shown = hit.parts.map((p) => ({ name: p.name, value: Math.max(0, p.contribution), text: p.contribution.toFixed(3), tone: `tone-${Parts.has(p.name) ? p.name : 'other'}` }));
  return [shares(shown, { label: 'Score', total: Math.max(1, hit.score) }),
    h('details', null, h('summary', { class: 'small' }, 'raw scores and ranks'),
      h('ul', { class: 'raw number' }, hit.parts.map((p) => h('li', null, `${p.name} ${p.score.toFixed(3)}${p.rank > 0 ? `, rank ${p.rank}` : ''}`)),
        hit.matchedTerms.length > 0 && h('li', null, `matched: ${hit.matchedTerms.join(', ')}`)))];
}

function moved(rank, other) {
  if (other === undefined) return h('span', { class: 'moved only' }, 'only here');
  if (other === rank) return h('span', { class: 'moved' }, 'same');
  return h('span', { class: 'moved' }, other > rank ? `▲ ${other - rank}` : `▼ ${rank - other}`, h('span', { class: 'sr' }, ` against rank ${other} beside it`));
}

function neighbours(records, ns, side) {
  if (!records?.length) return null;
  return h('ol', { class: `neighbours ${side}`, 'aria-label': side === 'before' ? 'Records before it' : 'Records after it' },
    records.map((r) => h('li', null, h('a', { href: to('record', [ns, r.key]) }, r.key), ' ', cut(contentText(r), 220))));
}

function folded(records, ns) {
  if (!records?.length) return null;
  return h('details', { class: 'folded' }, h('summary', null, `${plural(records.length, 'near-duplicate')} folded into it`),
    h('ul', null, records.map((r) => h('li', null, h('a', { href: to('record', [ns, r.key]) }, r.key), ` ${(r.similarity * 100).toFixed(0)} % alike`))));
}

/** The text as nodes, with the ranges [start, length] marked. Ranges that overlap or leave the text are cut to it. */
export function marked(text, ranges) {
  const nodes = [];
  let at = 0;
  for (const [start, length] of [...(ranges ?? [])].sort((a, b) => a[0] - b[0])) {
    const from = Math.max(at, start);
    const end = Math.min(text.length, start + length);
    if (end <= from) continue;
    nodes.push(text.slice(at, from), h('mark', null, text.slice(from, end)));
    at = end;
  }
  nodes.push(text.slice(at));
  return nodes;
}

// Where the service sends no highlights, the words that begin with a stem that matched.
function matches(text, terms) {
  const stems = (terms ?? []).filter((t) => t.length > 1).map((t) => t.toLowerCase());
  if (stems.length === 0) return [];
  return [...text.matchAll(/[\p{L}\p{N}]+/gu)].filter(([word]) => stems.some((stem) => word.toLowerCase().startsWith(stem))).map((m) => [m.index, m[0].length]);
}
