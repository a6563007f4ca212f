// Changes: the log of a namespace as it is written, over server-sent events.
import { namespacePath } from '../core/api.js';
import { field, h, put, select } from '../core/dom.js';
import { follow } from '../core/events.js';
import { clock, contentText, count, cut } from '../core/format.js';
import { parseShown } from '../core/json.js';
import { namespacePicker, noNamespaces } from '../core/namespaces.js';
import { problemBox } from '../core/problem.js';
import { rewrite, to } from '../core/route.js';
import { spark } from '../charts/spark.js';

const MostShown = 200;
const Seconds = 60;

export async function changesPage(root, { parts, query, signal }) {
  const picker = await namespacePicker({ wanted: parts[0], signal, onChange: () => begin() });
  if (!picker.node) {
    put(root, h('div', { class: 'page-head' }, h('h1', null, 'Changes')), noNamespaces());
    return;
  }
  const from = select([['now', 'from now on'], ['beginning', 'from the beginning']], query.get('from') ?? 'now', { onchange: () => begin() });
  const state = h('p', { class: 'feed-state', role: 'status' });
  const rate = h('div', { class: 'feed-rate' });
  const list = h('ol', { class: 'feed', role: 'log', 'aria-label': 'Changes, newest first', 'aria-live': 'off' });
  const failure = h('div');
  const pause = h('button', { type: 'button', class: 'button', 'aria-pressed': 'false', onclick: () => setPaused(!isPaused) }, 'Pause');
  let isPaused = false, waiting = [], total = 0, feed = new AbortController(), perSecond = [];

  function setPaused(value) {
    isPaused = value;
    pause.setAttribute('aria-pressed', String(value));
    put(pause, value ? 'Go on' : 'Pause');
    if (!value) draw();
    say();
  }

  function draw() {
    list.prepend(...waiting.slice(-MostShown).reverse());
    waiting = [];
    while (list.childElementCount > MostShown) list.lastChild.remove();
  }

  let status = '';
  const say = (value = status) => {
    status = value;
    const text = isPaused ? `paused, ${count(waiting.length)} waiting` : status === 'open' ? `live, ${count(total)} seen` : 'reconnecting …';
    if (state.textContent !== text) put(state, text);
    state.className = `feed-state ${isPaused ? 'paused' : status}`;
  };

  async function begin() {
    feed.abort();
    feed = new AbortController();
    const mine = feed.signal;
    const ns = picker.node.querySelector('select').value;
    rewrite(to('changes', [ns], { from: from.value === 'now' ? '' : from.value }));
    [waiting, total, perSecond] = [[], 0, []];
    put(list);
    put(failure);
    say('waiting');
    try {
      await follow(`${namespacePath(ns)}/changes?from=${from.value}`, {
        signal: mine, onState: say,
        onEvent: (event) => {
          total++;
          perSecond.push(Date.now());
          waiting.push(change(event, ns));
          if (waiting.length > MostShown) waiting.shift();
        },
      });
    } catch (error) {
      if (!mine.aborted) put(failure, problemBox(error, begin));
    }
  }

  // Drawn four times a second, however fast changes come.
  const timer = setInterval(() => {
    if (!isPaused && waiting.length > 0) draw();
    say();
    const now = Date.now();
    perSecond = perSecond.filter((at) => now - at < Seconds * 1000);
    const bins = Array(Seconds).fill(0);
    for (const at of perSecond) bins[Seconds - 1 - Math.floor((now - at) / 1000)]++;
    put(rate, spark(bins, Seconds, `${perSecond.length} changes in the last minute`), h('span', { class: 'note number' }, `${count(perSecond.length)} in the last minute`));
  }, 250);
  signal.addEventListener('abort', () => { clearInterval(timer); feed.abort(); });

  put(root,
    h('div', { class: 'page-head' }, h('div', null, h('h1', null, 'Changes'), h('p', null, 'The log as it is written: what every tier, cache and mirror of this namespace follows.'))),
    h('div', { class: 'row feed-controls' }, picker.node, field('Begin', from), pause, h('div', { class: 'feed-side' }, state, rate)),
    failure, list);
  begin();
}

function change({ event, data, id }, ns) {
  const entry = parseShown(data);
  return h('li', { class: `change is-${event}` },
    h('span', { class: 'change-kind' }, event),
    h('span', { class: 'change-key' }, entry.key === null ? h('i', null, 'a forgotten key') : entry.record ? h('a', { href: to('record', [ns, entry.key]) }, entry.key) : entry.key),
    h('span', { class: 'change-text' }, entry.record ? cut(contentText(entry.record).replace(/\s+/g, ' '), 160) : ''),
    h('span', { class: 'change-facts number' }, `v${entry.version}`, h('time', { title: id }, clock(entry.recordedAt))));
}
