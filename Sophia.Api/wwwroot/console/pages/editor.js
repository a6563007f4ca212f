// Writes a record, guarded by its ETag: when somebody else was faster, both are shown and the writer decides.
import { call, recordPath } from '../core/api.js';
import { announce, field, h, put, select } from '../core/dom.js';
import { contentText } from '../core/format.js';
import { parse } from '../core/json.js';
import { problemBox } from '../core/problem.js';
import { keep } from '../core/unsaved.js';
import { conflictCard } from './conflict.js';

const kindOf = (record) => (record.contentBase64 !== undefined ? 'bytes' : typeof record.content === 'string' ? 'text' : 'json');

/**
 * record and etag: what is edited, read: reads it anew, whole; without them a new one is written. onSaved gets the key and
 * the sequence of the write.
 */
export function editor({ ns, record, etag, read, onSaved, onCancel }) {
  const isBytes = record && kindOf(record) === 'bytes';
  const key = h('input', { type: 'text', required: true, maxlength: 512, autocomplete: 'off', spellcheck: 'false' });
  const kind = select([['text', 'Text'], ['json', 'JSON']], record && kindOf(record) === 'json' ? 'json' : 'text');
  const content = h('textarea', { rows: 14, required: true, value: record ? contentText(record) : '', disabled: isBytes });
  const hasCommas = record?.tags.some((tag) => tag.includes(',')) ?? false;
  const tagsText = (all) => all.join(hasCommas ? '\n' : ', ');
  const tags = h(hasCommas ? 'textarea' : 'input', { type: hasCommas ? null : 'text', rows: hasCommas ? 3 : null, value: tagsText(record?.tags ?? []), spellcheck: 'false' });
  const attributes = h('textarea', { rows: 4, class: 'mono', spellcheck: 'false', value: JSON.stringify(record?.attributes ?? {}, null, 2) });
  const outcome = h('div');
  // What is written over: the record as it was read, or theirs, once the writer has seen it.
  let base = record;
  let guard = etag;
  let isSaved = false;
  // A text area makes every line end one character, so what it holds is compared with what it held, not with the record.
  const controls = [key, kind, content, tags, attributes];
  const before = controls.map((control) => control.value);
  const isChanged = (control) => control.value !== before[controls.indexOf(control)];
  const isKept = (...among) => record && !among.some(isChanged);

  function text() {
    const isWindows = typeof record?.content === 'string' && /\r\n/.test(record.content) && !/(^|[^\r])\n/.test(record.content);
    return isWindows ? content.value.replaceAll('\n', '\r\n') : content.value;
  }

  // A put replaces the whole record, so what was not changed here goes along as the record has it.
  function draft() {
    const body = {
      tags: isKept(tags) ? base.tags : tags.value.split(hasCommas ? '\n' : ',').map((t) => t.trim()).filter(Boolean),
      attributes: isKept(attributes) ? base.attributes : json(attributes, 'Attributes'),
    };
    if (!isKept(content, kind)) body.content = kind.value === 'json' ? json(content, 'Content') : text();
    else if (kindOf(base) === 'bytes') body.contentBase64 = base.contentBase64;
    else body.content = base.content;
    if (isKept(content, kind) || (base && kindOf(base) === kind.value)) body.contentType = base.contentType;
    for (const name of ['expiresAt', 'validFrom', 'validTo', 'provenance', 'vector']) if (base?.[name]) body[name] = base[name];
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
    const focused = document.activeElement;
    lock(true);
    try {
      const { json: receipt } = await call(recordPath(ns, name), { method: 'PUT', body, headers });
      announce(`${receipt.status}, version ${receipt.version}`);
      isSaved = true;
      // Who did not wait for it may have begun another edit.
      if (form.isConnected) onSaved(name, receipt.sequence);
    } catch (error) {
      if (!form.isConnected) return;
      const shown = error.status === 412 && record ? await conflict(error) : [problemBox(error)];
      lock(false);
      put(outcome, shown);
      (outcome.querySelector('.conflict') ?? focused).focus();
    }
  }

  // What was typed during a save would not be in what is saved. The text can still be read and copied, and the save not be waited for.
  function lock(isLocked) {
    for (const control of [key, content, tags, attributes]) control.readOnly = isLocked;
    for (const control of [kind, ...form.querySelectorAll('button')]) if (control !== cancel) control.disabled = isLocked;
  }

  async function conflict(problem) {
    let theirs;
    try {
      theirs = await read();
    } catch (error) {
      return [problemBox(problem), problemBox(error)];
    }
    const changed = (control, ...others) => ([control, ...others].some(isChanged) ? control.value : null);
    return [conflictCard({
      problem, from: record.version, theirs: theirs.json, tagsText,
      mine: { content: changed(content, kind), tags: changed(tags), attributes: changed(attributes) },
      overwrite: () => { [base, guard] = [theirs.json, theirs.etag]; save(); },
      take: () => {
        const anew = editor({ ns, record: theirs.json, etag: theirs.etag, read, onSaved, onCancel });
        form.replaceWith(anew);
        anew.querySelector('textarea:not(:disabled)').focus();
      },
    })];
  }

  const cancel = onCancel && h('button', { type: 'button', class: 'button', onclick: onCancel }, 'Cancel');
  const form = h('form', { class: 'card stack editor', onsubmit: save },
    record ? null : field('Key', key, '1 to 512 characters. A key that is there is not overwritten.'),
    h('div', { class: 'editor-content' }, field(isBytes ? 'Content (bytes, not editable here)' : 'Content', content), isBytes ? null : h('div', { class: 'kind' }, field('Kind', kind))),
    h('div', { class: 'row' }, field('Tags', tags, hasCommas ? 'One a line.' : 'Parted by commas.')),
    field('Attributes', attributes, 'A JSON object.'),
    outcome,
    h('div', { class: 'actions' }, h('button', { type: 'submit', class: 'button primary' }, record ? 'Save' : 'Write it'),
      cancel,
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
