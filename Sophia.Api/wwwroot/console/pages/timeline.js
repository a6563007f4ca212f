// A record through time: a slider over its versions as the history has them, compared with now.
import { call, recordPath } from '../core/api.js';
import { h, newId, put } from '../core/dom.js';
import { contentText, moment, plural } from '../core/format.js';
import { compared } from './compare.js';

const PageSize = 100;
const MostPages = 5;

/** The section for the record; its versions are read newest first, shown oldest to newest. */
export async function timeline(ns, key, now, signal) {
  const versions = [];
  let cursor = null;
  for (let page = 0; page < MostPages; page++) {
    const { json } = await call(`${recordPath(ns, key)}/history?limit=${PageSize}${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ''}`, { signal, exact: true });
    versions.push(...json.items);
    cursor = json.next;
    if (!cursor) break;
  }
  versions.reverse();
  const view = h('div', { class: 'past', 'aria-live': 'polite' });
  const id = newId('time');
  const slider = h('input', { type: 'range', id, min: 0, max: versions.length - 1, step: 1, value: versions.length - 1, oninput: () => look() });

  function look() {
    const version = versions[slider.valueAsNumber];
    slider.setAttribute('aria-valuetext', `version ${version.version}, ${moment(version.recordedAt)}`);
    const title = h('p', { class: 'past-title' }, h('strong', null, `Version ${version.version}`), ` ${words[version.change] ?? version.change} ${moment(version.recordedAt)}`);
    if (!version.record) {
      put(view, title, h('p', { class: 'note' }, version.change === 'put' ? 'Its content was erased since.' : 'From then on there was no record.'));
      return;
    }
    const isNow = version.record.sequence === now.sequence;
    put(view, title, isNow ? h('p', { class: 'note' }, 'This is how it is now.') : h('pre', { class: 'text difference' }, compared(contentText(version.record), contentText(now))),
      !isNow && h('p', { class: 'note legend' }, h('del', null, 'only then'), ' ', h('ins', null, 'only now')));
  }

  if (versions.length > 1) look();
  return h('section', { class: 'card timeline', 'aria-labelledby': `${id}-title` },
    h('h2', { id: `${id}-title` }, 'Through time'),
    versions.length === 1 ? h('p', { class: 'note' }, `One version, recorded ${moment(versions[0].recordedAt)}. Edit it and the past stays readable here.`)
      : [h('div', { class: 'slider' }, h('label', { for: id, class: 'note' }, `${plural(versions.length, 'change')}${cursor ? ', the newest of more' : ''}: slide back to see each as it was recorded`), slider,
        h('div', { class: 'slider-marks', 'aria-hidden': 'true' }, h('span', null, moment(versions[0].recordedAt)), h('span', null, moment(versions.at(-1).recordedAt)))), view]);
}

const words = { put: 'recorded', delete: 'deleted', expire: 'expired', forget: 'forgotten' };
