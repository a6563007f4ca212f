// When somebody else was faster: both sides of what differs, and who writes decides.
import { h } from '../core/dom.js';
import { contentText, moment } from '../core/format.js';
import { compared } from './compare.js';

/**
 * theirs: the record as it is now; from: the version that mine began from. mine: { content, tags, attributes }, each as its
 * text where it was changed here, else null. tagsText: tags as they stand in the form.
 */
export function conflictCard({ problem, from, theirs, mine, tagsText, take, overwrite }) {
  const sides = [
    ['Content', contentText(theirs).replaceAll('\r\n', '\n'), mine.content],
    ['Tags', tagsText(theirs.tags), mine.tags],
    ['Attributes', JSON.stringify(theirs.attributes, null, 2), mine.attributes],
  ];
  return h('section', { class: 'card conflict', role: 'alert', tabindex: '-1' },
    h('h2', null, 'Somebody else was faster'),
    h('p', { class: 'note' }, `You began from version ${from}; version ${theirs.version} was recorded ${moment(theirs.updatedAt)}. Nothing was overwritten. (code `, h('code', null, problem.code), ', trace ', h('code', null, problem.traceId), ')'),
    sides.map(([name, their, my]) => h('div', { class: 'columns' },
      h('div', null, h('h3', null, `${name}: theirs`), h('pre', { class: 'text' }, their || 'none')),
      h('div', null, h('h3', null, `${name}: yours, against theirs`), my === null
        ? h('p', { class: 'note' }, 'You did not change this: theirs stays.')
        : h('pre', { class: 'text difference' }, compared(their, my))))),
    h('p', { class: 'note' }, 'What else a record has, such as its expiry and its provenance, stays as it is in theirs.'),
    h('p', { class: 'actions' },
      h('button', { type: 'button', class: 'button', onclick: take }, 'Take theirs and go on editing'),
      h('button', { type: 'button', class: 'button danger', onclick: overwrite }, `Write mine over version ${theirs.version}`)));
}
