// What a search can be told beside its words. Fields that this service's search does not know are not shown.
import { check, field, h, newId, put } from '../core/dom.js';
import { filterForm } from '../core/filters.js';

/** known: the fields of the search body. Returns { node, isClear(), body(), address() }. */
export function searchOptions(known, initial, onChange) {
  const filters = filterForm(initial, onChange);
  const number = (name, value, props) => h('input', { type: 'number', value: initial.get(name) ?? value, onchange: onChange, ...props });
  const k = number('k', 10, { min: 1, max: 1000 });
  const asOf = h('input', { type: 'datetime-local', step: 1, value: initial.get('asOf') ?? '', onchange: onChange });
  const context = known.has('context') ? number('context', 0, { min: 0, max: 20 }) : null;
  const recency = known.has('recency') ? slider('recency', 'Recency', initial, onChange) : null;
  const halfLife = recency ? number('halfLife', 30, { min: 0.01, step: 'any' }) : null;
  const importance = known.has('importance') ? slider('importance', 'Importance', initial, onChange) : null;
  const isOn = (name) => initial.get(name) !== 'off';
  const diversity = known.has('diversity') ? check('Fold near-duplicates', { checked: isOn('diversity'), onchange: onChange }) : null;
  const typos = known.has('typos') ? check('Forgive typing errors', { checked: isOn('typos'), onchange: onChange }) : null;
  const ranks = [context && field('Neighbours on each side', context), recency?.node, halfLife && field('Half-life of recency, days', halfLife), importance?.node].filter(Boolean);
  const open = ['tag', 'prefix', 'attr', 'k', 'asOf', 'context', 'recency', 'importance', 'diversity', 'typos'].some((n) => initial.get(n));

  return {
    node: h('details', { class: 'options', open }, h('summary', null, 'Filters and ranking'),
      h('div', { class: 'card options-body' }, filters.node,
        h('div', { class: 'stack' },
          h('div', { class: 'row' }, field('Hits', k), field('As it was at', asOf, 'Searches the past: right, not fast.')),
          ranks.length > 0 && h('div', { class: 'row' }, ranks),
          h('div', { class: 'row' }, diversity?.node, typos?.node)))),
    isClear: filters.isClear,
    body() {
      const body = { k: whole(k, 10) };
      const filter = filters.filter();
      if (Object.keys(filter).length) body.filter = filter;
      if (asOf.value) body.asOf = new Date(asOf.value).toISOString();
      if (context && whole(context, 0) > 0) body.context = whole(context, 0);
      if (recency && recency.value() > 0) body.recency = { weight: recency.value(), halfLifeDays: Number(halfLife.value) || 30 };
      if (importance && importance.value() > 0) body.importance = importance.value();
      if (diversity && !diversity.box.checked) body.diversity = 'off';
      if (typos && !typos.box.checked) body.typos = false;
      return body;
    },
    address: () => ({
      ...filters.address(), k: whole(k, 10) === 10 ? '' : k.value, asOf: asOf.value,
      context: context && whole(context, 0) > 0 ? context.value : '',
      recency: recency?.value() || '', halfLife: recency?.value() ? halfLife.value : '', importance: importance?.value() || '',
      diversity: diversity && !diversity.box.checked ? 'off' : '', typos: typos && !typos.box.checked ? 'off' : '',
    }),
  };
}

const whole = (input, otherwise) => (Number.isInteger(input.valueAsNumber) ? input.valueAsNumber : otherwise);

function slider(name, label, initial, onChange) {
  const shown = h('output', { class: 'number' });
  const input = h('input', { type: 'range', min: 0, max: 1, step: 0.05, value: initial.get(name) ?? 0, id: newId(name), onchange: onChange, oninput: () => draw() });
  const draw = () => put(shown, input.valueAsNumber === 0 ? 'off' : input.value);
  draw();
  return { node: h('div', { class: 'field' }, h('label', { for: input.id }, label, ' ', shown), input), value: () => input.valueAsNumber };
}
