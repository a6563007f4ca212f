// Requests: what was just done here, as curl. Keys never stand in it.
import { check, h, put } from '../core/dom.js';
import { clock, count, ms } from '../core/format.js';
import { curlOf, forgetJournal, journal, onRequest } from '../core/journal.js';
import { session } from '../core/session.js';

export async function requestsPage(root, { signal }) {
  const list = h('ol', { class: 'requests' });
  const nothing = h('li', { class: 'empty' }, h('h2', null, 'Nothing yet'), h('p', null, 'Search, write or import something; then come back for the commands that do the same from a terminal.'));
  const drawn = new Map();
  const asking = check("Also what the pages ask by themselves", { onchange: () => draw() });

  function draw() {
    const shown = journal().filter((e) => asking.box.checked || !e.background);
    for (const entry of [...drawn.keys()]) if (!shown.includes(entry)) drawn.delete(entry);
    const nodes = shown.map((e) => {
      if (!drawn.has(e)) drawn.set(e, request(e));
      return drawn.get(e);
    });
    // Moved only when something is new, so that what is focused or selected stays so.
    if (nodes.length === 0) nodes.push(nothing);
    if (nodes.length !== list.childElementCount || nodes.some((n, i) => n !== list.children[i])) put(list, nodes);
  }

  signal.addEventListener('abort', onRequest(() => draw()));
  put(root,
    h('div', { class: 'page-head' },
      h('div', null, h('h1', null, 'Requests'), h('p', null, 'Each thing that was done in this tab, newest first, as a command for a terminal.', session.key && [' Set ', h('code', null, 'SOPHIA_KEY'), ' to your key there; it is never shown.'])),
      h('div', { class: 'actions' }, asking.node, h('button', { type: 'button', class: 'button small', onclick: () => { forgetJournal(); draw(); } }, 'Clear'))),
    list);
  draw();
}

function request(entry) {
  const text = curlOf(entry, location.origin);
  const copy = h('button', { type: 'button', class: 'button small', onclick: () => copyText(text, copy, code) }, 'Copy');
  const code = h('pre', { class: 'code', tabindex: '0', 'aria-label': `curl for ${entry.method} ${entry.path}` }, text);
  return h('li', { class: 'request' },
    h('div', { class: 'request-head' },
      h('span', { class: 'method' }, entry.method), h('span', { class: 'request-path' }, decodeURI(entry.path)),
      h('span', { class: `request-facts number ${entry.status >= 400 || entry.status === 0 ? 'bad' : ''}` }, entry.status || 'no answer', entry.code && ` ${entry.code}`),
      entry.tier && h('span', { class: `tier-chip tone-${entry.tier.toLowerCase()}` }, entry.tier),
      h('span', { class: 'note number' }, [entry.tookMs === null ? null : ms(entry.tookMs), entry.times > 1 ? `${count(entry.times)} times` : null, clock(entry.at)].filter(Boolean).join(' · ')),
      copy),
    code,
    entry.body === null && entry.bodyLength > 0 && h('p', { class: 'note' }, `The body had ${count(entry.bodyLength)} characters, too many to show: put yours into body.json.`));
}

// The clipboard is there only on https and localhost; elsewhere the text is selected, to be copied by hand.
async function copyText(text, button, code) {
  try {
    await navigator.clipboard.writeText(text);
    put(button, 'Copied');
  } catch {
    getSelection().selectAllChildren(code);
    put(button, 'Selected');
  }
}
