// Filters as a form: tags, a key prefix, attributes. The same for search (JSON) and listings (query string).
import { field, h, put, select } from './dom.js';
import { parse } from './json.js';

const Operators = [['eq', '='], ['ne', '≠'], ['lt', '<'], ['le', '≤'], ['gt', '>'], ['ge', '≥'], ['exists', 'exists'], ['missing', 'missing']];

/** A value as it was typed: a number as JSON writes it, true, false or null as such, else text; in double quotes it is text, whatever it looks like. */
export function typed(text) {
  const trimmed = text.trim();
  if (/^(true|false|null)$/.test(trimmed) || /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/.test(trimmed)) return parse(trimmed);
  return /^".*"$/s.test(trimmed) ? unquoted(trimmed) : trimmed;
}

const split = (text) => text.split(',').map((t) => t.trim()).filter(Boolean);

// A name with a colon in it, or a quote before it, stands in quotes where a condition is one text: docs/api.md, attr.
const quoted = (name) => (/^"|[:\n]/.test(name) ? JSON.stringify(name) : name);

/** A condition written as name:op:value, in its parts. Quotes that do not close are no quotes. */
export function conditionOf(text) {
  const [, name, rest] = /^("(?:[^"\\]|\\.)*"):(.*)$/s.exec(text) ?? /^([^:]*):?(.*)$/s.exec(text);
  const [op, ...value] = rest.split(':');
  return { name: name.startsWith('"') ? unquoted(name) : name, op, value: value.join(':') };
}

// Quotes that JSON does not take are part of the text.
function unquoted(text) {
  try { return JSON.parse(text); } catch { return text; }
}

/** initial: URLSearchParams with tag, prefix, attr. Returns { node, isClear(), address(), filter(), list() }. */
export function filterForm(initial, onChange) {
  const tags = h('input', { type: 'text', value: initial.get('tag') ?? '', onchange: onChange, spellcheck: 'false' });
  const prefix = h('input', { type: 'text', value: initial.get('prefix') ?? '', onchange: onChange, spellcheck: 'false' });
  const rows = [];
  const list = h('div', { class: 'stack attr-rows' });
  const clash = h('p', { class: 'note warn', role: 'alert', hidden: true });

  const drawRows = () => put(list, rows.map((row) => row.node));
  function addRow(name = '', op = 'eq', value = '') {
    const controls = {
      name: h('input', { type: 'text', value: name, 'aria-label': 'Attribute', placeholder: 'attribute', onchange: onChange, spellcheck: 'false' }),
      op: select(Operators, op, { 'aria-label': 'Comparison', onchange: onChange }),
      value: h('input', { type: 'text', value, 'aria-label': 'Value', placeholder: 'value', onchange: onChange }),
    };
    const row = { ...controls, node: h('div', { class: 'attr-row' }, controls.name, controls.op, controls.value,
      h('button', { type: 'button', class: 'button quiet small', 'aria-label': 'Remove this condition', onclick: () => { rows.splice(rows.indexOf(row), 1); drawRows(); onChange(); } }, '✕')) };
    rows.push(row);
    drawRows();
    return row;
  }
  for (const text of initial.getAll('attr').flatMap((t) => t.split('\n')).filter(Boolean)) {
    const { name, op, value } = conditionOf(text);
    addRow(name, op, value);
  }
  const conditions = () => rows.filter((r) => r.name.value.trim()).map((r) => ({ name: r.name.value.trim(), op: r.op.value, value: r.value.value }));
  const isPlain = (op) => op === 'exists' || op === 'missing';

  // A filter of the API has one value for each comparison of an attribute. Whichever row it left out, more would pass than
  // the form says, and a forget would erase it.
  function isClear() {
    const seen = new Set();
    const twice = conditions().find(({ name, op }) => {
      const slot = `${isPlain(op) ? 'exists' : op}:${name}`;
      return seen.has(slot) || !seen.add(slot);
    });
    clash.hidden = !twice;
    put(clash, twice && `Two conditions ask the same of ${twice.name}, and a filter takes one of each kind. Take one away; nothing is asked until then.`);
    if (twice) clash.closest('details')?.setAttribute('open', '');
    return !twice;
  }

  return {
    node: h('div', { class: 'stack' },
      h('div', { class: 'row' }, field('Tags, all of them', tags, 'Parted by commas.'), field('Keys that begin with', prefix)),
      h('div', { class: 'stack' }, h('span', { class: 'group-label' }, 'Attributes'), list, clash,
        h('button', { type: 'button', class: 'button small add', onclick: () => addRow().name.focus() }, 'Add a condition'),
        h('small', { class: 'hint' }, 'A value in double quotes is text: "5" is not the number 5.'))),
    isClear,
    address: () => ({ tag: tags.value.trim(), prefix: prefix.value, attr: conditions().map((c) => `${quoted(c.name)}:${c.op}:${c.value}`).join('\n') }),
    filter() {
      const filter = {};
      if (split(tags.value).length) filter.allTags = split(tags.value);
      if (prefix.value) filter.keyPrefix = prefix.value;
      for (const { name, op, value } of conditions()) {
        filter.attributes ??= Object.create(null); // An attribute may be called __proto__.
        const condition = isPlain(op) ? { exists: op === 'exists' } : { [op]: typed(value) };
        filter.attributes[name] = { ...filter.attributes[name], ...condition };
      }
      return filter;
    },
    list() {
      const query = new URLSearchParams();
      for (const tag of split(tags.value)) query.append('tag', tag);
      if (prefix.value) query.append('prefix', prefix.value);
      for (const { name, op, value } of conditions()) query.append('attr', isPlain(op) ? `${quoted(name)}:${op}` : `${quoted(name)}:${op}:${JSON.stringify(typed(value))}`);
      return query;
    },
  };
}
