// A record through time: a slider over its versions as the history has them, compared with now.
import { call, recordPath } from '../core/api.js';
import { h, newId, put } from '../core/dom.js';
import { contentText, moment, plural } from '../core/format.js';
import { problemBox } from '../core/problem.js';
import { compared } from './compare.js';

const PageSize = 100;
const MostPages = 5;

/** The section for the record. It stands at once, and has what came of the history when that was read. */
export function timeline(ns, key, now, signal) {
  const id = newId('time');
  const past = h('div', { class: 'stack' });
  fill();
  return h('section', { class: 'card timeline', 'aria-labelledby': `${id}-title` }, h('h2', { id: `${id}-title` }, 'Through time'), past);

  async function fill() {
    put(past, h('p', { class: 'note' }, 'Reading …'));
    try {
      put(past, slider(await history(ns, key, signal), now, id));
    } catch (error) {
      if (!signal.aborted) put(past, problemBox(error, fill));
    }
  }
}

/** The versions, oldest first, and whether there are more before them. */
async function history(ns, key, signal) {
  const versions = [];
  let cursor = null;
  for (let page = 0; page < MostPages; page++) {
    const { json } = await call(`${recordPath(ns, key)}/history?limit=${PageSize}${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ''}`, { signal, exact: true });
    versions.push(...json.items);
    cursor = json.next;
    if (!cursor) break;
  }
  return { versions: versions.reverse(), isCut: Boolean(cursor) };
}

function slider({ versions, isCut }, now, id) {
  if (versions.length === 1) return h('p', { class: 'note' }, `One version, recorded ${moment(versions[0].recordedAt)}. Edit it and the past stays readable here.`);
  const view = h('div', { class: 'past', 'aria-live': 'polite' });
  const control = h('input', { type: 'range', id, min: 0, max: versions.length - 1, step: 1, value: versions.length - 1, oninput: () => look() });

  function look() {
    const version = versions[control.valueAsNumber];
    control.setAttribute('aria-valuetext', `version ${version.version}, ${moment(version.recordedAt)}`);
    const title = h('p', { class: 'past-title' }, h('strong', null, `Version ${version.version}`), ` ${words[version.change] ?? version.change} ${moment(version.recordedAt)}`);
    if (!version.record) {
      put(view, title, h('p', { class: 'note' }, version.change === 'put' ? 'Its content was erased since.' : 'From then on there was no record.'));
      return;
    }
    const isNow = version.record.sequence === now.sequence;
    put(view, title, isNow ? h('p', { class: 'note' }, 'This is how it is now.') : h('pre', { class: 'text difference' }, compared(contentText(version.record), contentText(now))),
      !isNow && h('p', { class: 'note legend' }, h('del', null, 'only then'), ' ', h('ins', null, 'only now')));
  }

  look();
  return [h('div', { class: 'slider' }, h('label', { for: id, class: 'note' }, `${plural(versions.length, 'change')}${isCut ? ', the newest of more' : ''}: slide back to see each as it was recorded`), control,
    h('div', { class: 'slider-marks', 'aria-hidden': 'true' }, h('span', null, moment(versions[0].recordedAt)), h('span', null, moment(versions.at(-1).recordedAt)))), view];
}

const words = { put: 'recorded', delete: 'deleted', expire: 'expired', forget: 'forgotten' };
