// Writes a record, guarded by its ETag: when somebody else was faster, both are shown and the writer decides.
import { call, recordPath } from '../core/api.js';
import { announce, field, h, put, select } from '../core/dom.js';
import { contentText, moment } from '../core/format.js';
import { parse } from '../core/json.js';
import { problemBox } from '../core/problem.js';
import { keep } from '../core/unsaved.js';
import { compared } from './compare.js';

/**
 * record and etag: what is edited, read: reads it anew, whole; without them a new one is written. onSaved gets the key and
 * the sequence of the write.
 */
export function editor({ ns, record, etag, read, onSaved, onCancel }) {
  const isBytes = record?.contentBase64 !== undefined;
  const isJson = record !== undefined && !isBytes && typeof record.content !== 'string';
  const key = h('input', { type: 'text', required: true, maxlength: 512, autocomplete: 'off', spellcheck: 'false' });
  const kind = select([['text', 'Text'], ['json', 'JSON']], isJson ? 'json' : 'text');
  const content = h('textarea', { rows: 14, required: true, value: record ? contentText(record) : '', disabled: isBytes });
  const hasCommas = record?.tags.some((tag) => tag.includes(',')) ?? false;
  const shownTags = record?.tags.join(hasCommas ? '\n' : ', ') ?? '';
  const tags = h(hasCommas ? 'textarea' : 'input', { type: hasCommas ? null : 'text', rows: hasCommas ? 3 : null, value: shownTags, spellcheck: 'false' });
  const attributes = h('textarea', { rows: 4, class: 'mono', spellcheck: 'false', value: JSON.stringify(record?.attributes ?? {}, null, 2) });
  const outcome = h('div');
  let guard = etag;
  let isSaved = false;
  // A text area makes every line end one character, so what it holds is compared with what it held, not with the record.
  const controls = [key, kind, content, tags, attributes];
  const before = controls.map((control) => control.value);
  const isChanged = (control) => control.value !== before[controls.indexOf(control)];

  function text() {
    if (record && !isChanged(content) && !isChanged(kind)) return record.content;
    const isWindows = typeof record?.content === 'string' && /\r\n/.test(record.content) && !/(^|[^\r])\n/.test(record.content);
    return isWindows ? content.value.replaceAll('\n', '\r\n') : content.value;
  }

  function draft() {
    const body = {
      tags: record && !isChanged(tags) ? record.tags : tags.value.split(hasCommas ? '\n' : ',').map((t) => t.trim()).filter(Boolean),
      attributes: json(attributes, 'Attributes'),
    };
    if (isBytes) body.contentBase64 = record.contentBase64;
    else body.content = kind.value === 'json' ? json(content, 'Content') : text();
    // A put replaces the whole record, so what is not edited here goes along.
    if (record && (isBytes || isJson === (kind.value === 'json'))) body.contentType = record.contentType;
    for (const name of ['expiresAt', 'validFrom', 'validTo', 'provenance', 'vector']) if (record?.[name]) body[name] = record[name];
    return body;
  }

  async function save(event) {
    event?.preventDefault();
    let body;
    try {
      body = draft();
    } catch (error) {
      put(outcome, h('p', { class: 'note warn', role: 'alert' }, error.message));
      return;
    }
    const name = record?.key ?? key.value;
    const headers = record ? { 'If-Match': guard } : { 'If-None-Match': '*' };
    try {
      const { json: receipt } = await call(recordPath(ns, name), { method: 'PUT', body, headers });
      announce(`${receipt.status}, version ${receipt.version}`);
      isSaved = true;
      onSaved(name, receipt.sequence);
    } catch (error) {
      if (error.status === 412 && record) await conflict(error);
      else put(outcome, problemBox(error));
    }
  }

  async function conflict(problem) {
    let theirs;
    try {
      theirs = await read();
    } catch (error) {
      put(outcome, problemBox(problem), problemBox(error));
      return;
    }
    const overwrite = () => { guard = theirs.etag; save(); };
    const take = () => {
      const anew = editor({ ns, record: theirs.json, etag: theirs.etag, read, onSaved, onCancel });
      form.replaceWith(anew);
      anew.querySelector('textarea:not(:disabled)').focus();
    };
    put(outcome, h('section', { class: 'card conflict', role: 'alert', tabindex: '-1' },
      h('h2', null, 'Somebody else was faster'),
      h('p', { class: 'note' }, `You began from version ${record.version}; version ${theirs.json.version} was recorded ${moment(theirs.json.updatedAt)}. Nothing was overwritten. (code `, h('code', null, problem.code), ', trace ', h('code', null, problem.traceId), ')'),
      h('div', { class: 'columns' },
        h('div', null, h('h3', null, 'Theirs'), h('pre', { class: 'text' }, contentText(theirs.json))),
        h('div', null, h('h3', null, 'Yours, against theirs'), h('pre', { class: 'text difference' }, compared(contentText(theirs.json).replaceAll('\r\n', '\n'), content.value)))),
      h('p', { class: 'actions' },
        h('button', { type: 'button', class: 'button', onclick: take }, 'Take theirs and go on editing'),
        h('button', { type: 'button', class: 'button danger', onclick: overwrite }, `Write mine over version ${theirs.json.version}`))));
    outcome.firstChild.focus();
  }

  const form = h('form', { class: 'card stack editor', onsubmit: save },
    record ? null : field('Key', key, '1 to 512 characters. A key that is there is not overwritten.'),
    h('div', { class: 'editor-content' }, field(isBytes ? 'Content (bytes, not editable here)' : 'Content', content), isBytes ? null : h('div', { class: 'kind' }, field('Kind', kind))),
    h('div', { class: 'row' }, field('Tags', tags, hasCommas ? 'One a line.' : 'Parted by commas.')),
    field('Attributes', attributes, 'A JSON object.'),
    outcome,
    h('div', { class: 'actions' }, h('button', { type: 'submit', class: 'button primary' }, record ? 'Save' : 'Write it'),
      onCancel && h('button', { type: 'button', class: 'button', onclick: onCancel }, 'Cancel'),
      record && h('span', { class: 'note' }, 'Saved only if it is still version ', record.version, ' (If-Match).')));
  keep(form, () => !isSaved && controls.some(isChanged), 'What was written here is not saved.');
  return form;
}

function json(control, name) {
  try {
    return parse(control.value);
  } catch (error) {
    control.focus();
    throw new Error(`${name}: not JSON (${error.message}).`);
  }
}
