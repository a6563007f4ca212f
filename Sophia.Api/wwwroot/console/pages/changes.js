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
const Words = { open: 'live', waiting: 'reconnecting …', paused: 'paused', stopped: 'stopped' };

export async function changesPage(root, { parts, query, signal }) {
  const picker = await namespacePicker({ wanted: parts[0], signal, onChange: () => begin() });
  if (!picker.node) {
    put(root, h('div', { class: 'page-head' }, h('h1', null, 'Changes')), noNamespaces());
    return;
  }
  const from = select([['now', 'from now on'], ['beginning', 'from the beginning']], query.get('from') ?? 'now', { onchange: () => begin() });
  // Read out whenever it changes, so the figures, which do so all the time, stand beside it.
  const state = h('span', { role: 'status' });
  const figures = h('span', { class: 'number' });
  const line = h('p', { class: 'feed-state' }, state, figures);
  const reason = h('p', { class: 'note warn', role: 'status' });
  const rate = h('div', { class: 'feed-rate' });
  const list = h('ol', { class: 'feed', role: 'log', 'aria-label': 'Changes, newest first', 'aria-live': 'off' });
  const failure = h('div');
  const pause = h('button', { type: 'button', class: 'button', 'aria-pressed': 'false', onclick: () => setPaused(!isPaused) }, 'Pause');
  let isPaused = false, status = 'waiting', waiting = [], held = 0, total = 0, feed = new AbortController(), perSecond = [];

  function setPaused(value) {
    isPaused = value;
    pause.setAttribute('aria-pressed', String(value));
    put(pause, value ? 'Go on' : 'Pause');
    if (!value) draw();
    say();
  }

  // Of those that wait only the newest are kept, since no more are shown.
  function draw() {
    list.prepend(...waiting.reverse());
    [waiting, held] = [[], 0];
    while (list.childElementCount > MostShown) list.lastChild.remove();
  }

  const showFigures = () => put(figures, isPaused ? `${count(held)} waiting` : `${count(total)} seen`);

  function say() {
    const shown = isPaused && status !== 'stopped' ? 'paused' : status;
    if (state.textContent !== Words[shown]) put(state, Words[shown]);
    line.className = `feed-state ${shown}`;
    showFigures();
  }

  function change(next, problem) {
    status = next;
    const why = problem ? problem.detail ?? problem.message : '';
    if (reason.textContent !== why) put(reason, why);
    say();
  }

  async function begin() {
    feed.abort();
    feed = new AbortController();
    const mine = feed.signal;
    const ns = picker.node.querySelector('select').value;
    rewrite(to('changes', [ns], { from: from.value === 'now' ? '' : from.value }));
    [waiting, held, total, perSecond] = [[], 0, 0, []];
    put(list);
    put(failure);
    change('waiting');
    try {
      await follow(`${namespacePath(ns)}/changes?from=${from.value}`, {
        signal: mine, onState: change,
        onEvent: (event) => {
          total++;
          held++;
          perSecond.push(Date.now());
          waiting.push(entryOf(event, ns));
          if (waiting.length > MostShown) waiting.shift();
        },
      });
    } catch (error) {
      if (mine.aborted) return;
      change('stopped');
      put(failure, problemBox(error, begin));
    }
  }

  // Drawn four times a second, however fast changes come.
  const timer = setInterval(() => {
    if (!isPaused && waiting.length > 0) draw();
    showFigures();
    const now = Date.now();
    perSecond = perSecond.filter((at) => now - at < Seconds * 1000);
    const bins = Array(Seconds).fill(0);
    for (const at of perSecond) bins[Seconds - 1 - Math.floor((now - at) / 1000)]++;
    put(rate, spark(bins, Seconds, `${perSecond.length} changes in the last minute`), h('span', { class: 'note number' }, `${count(perSecond.length)} in the last minute`));
  }, 250);
  signal.addEventListener('abort', () => { clearInterval(timer); feed.abort(); });

  put(root,
    h('div', { class: 'page-head' }, h('div', null, h('h1', null, 'Changes'), h('p', null, 'The log as it is written: what every tier, cache and mirror of this namespace follows.'))),
    h('div', { class: 'row feed-controls' }, picker.node, field('Begin', from), pause, h('div', { class: 'feed-side' }, line, rate)),
    reason, failure, list);
  begin();
}

function entryOf({ event, data, id }, ns) {
  const entry = parseShown(data);
  return h('li', { class: `change is-${event}` },
    h('span', { class: 'change-kind' }, event),
    h('span', { class: 'change-key' }, entry.key === null ? h('i', null, 'a forgotten key') : entry.record ? h('a', { href: to('record', [ns, entry.key]) }, entry.key) : entry.key),
    h('span', { class: 'change-text' }, entry.record ? cut(contentText(entry.record).replace(/\s+/g, ' '), 160) : ''),
    h('span', { class: 'change-facts number' }, `v${entry.version}`, h('time', { title: id }, clock(entry.recordedAt))));
}
