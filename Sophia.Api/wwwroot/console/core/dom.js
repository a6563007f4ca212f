// Elements from data. Text goes in as text nodes only: nothing here can turn a record's content into markup.

const SVG = 'http://www.w3.org/2000/svg';

/** Makes an element. props: class, style (object), data (object), on<Event> handlers, else attributes; null and false leave out. */
export const h = (tag, props, ...children) => fill(document.createElement(tag), props, children);

/** The same for SVG. */
export const s = (tag, props, ...children) => fill(document.createElementNS(SVG, tag), props, children);

function fill(element, props, children) {
  for (const [name, value] of Object.entries(props ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name === 'class') element.setAttribute('class', value);
    else if (name === 'style') for (const [key, v] of Object.entries(value)) element.style.setProperty(key, v);
    else if (name === 'data') Object.assign(element.dataset, value);
    else if (name.startsWith('on') && typeof value === 'function') element.addEventListener(name.slice(2).toLowerCase(), value);
    else if (name === 'value' || name === 'checked' || name === 'disabled' || name === 'selected') element[name] = value;
    else element.setAttribute(name, value === true ? '' : String(value));
  }
  append(element, children);
  return element;
}

/** Appends nodes, text, and lists of them. */
export function append(parent, children) {
  for (const child of [children].flat(Infinity)) {
    if (child === null || child === undefined || child === false) continue;
    parent.append(child instanceof Node ? child : document.createTextNode(String(child)));
  }
  return parent;
}

/** Puts children in the place of what is there. */
export function put(parent, ...children) {
  parent.replaceChildren();
  return append(parent, children);
}

let ids = 0;
/** An id that no other element has. */
export const newId = (stem) => `${stem}-${++ids}`;

/** A control with its label above it and, where given, a hint that belongs to it. */
export function field(label, control, hint) {
  control.id ||= newId('field');
  const note = hint ? h('small', { class: 'hint', id: `${control.id}-hint` }, hint) : null;
  if (note) control.setAttribute('aria-describedby', note.id);
  return h('div', { class: 'field' }, h('label', { for: control.id }, label), control, note);
}

/** A check box with its label beside it. */
export function check(label, props) {
  const box = h('input', { type: 'checkbox', ...props });
  return { box, node: h('label', { class: 'check' }, box, h('span', null, label)) };
}

/** Radio buttons that look like one switch. onChange gets the value. */
export function segmented(label, options, value, onChange) {
  const name = newId('segment');
  return h('fieldset', { class: 'segmented' }, h('legend', { class: 'sr' }, label),
    options.map(([key, text]) => h('label', null,
      h('input', { type: 'radio', name, value: key, checked: key === value, onchange: () => onChange(key) }), h('span', null, text))));
}

/** A select. options: [value, text]. */
export const select = (options, value, props) =>
  h('select', props, options.map(([key, text]) => h('option', { value: key, selected: key === value }, text)));

/** Says something to those who do not see the page. */
export function announce(text) {
  const live = document.getElementById('live');
  if (live) live.textContent = text;
}

/** A handler that takes no second click while the first is under way. */
export function once(action) {
  let isUnderWay = false;
  return async (event) => {
    if (isUnderWay) return;
    isUnderWay = true;
    const button = event.currentTarget;
    // Not disabled, which would take the focus from it.
    button.setAttribute('aria-disabled', 'true');
    try {
      await action();
    } finally {
      isUnderWay = false;
      button.removeAttribute('aria-disabled');
    }
  };
}
