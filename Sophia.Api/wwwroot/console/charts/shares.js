// One bar that is divided: shares of a whole, with names and figures beneath.
import { h } from '../core/dom.js';

/** parts: [{ name, value, text, tone }] where tone is a class that sets the colour. total: what the full length is. */
export function shares(parts, { total, label, legend = true }) {
  const whole = total ?? parts.reduce((sum, p) => sum + p.value, 0);
  const shown = parts.filter((p) => p.value > 0);
  return h('div', { class: 'shares' },
    h('div', { class: 'shares-bar', role: 'img', 'aria-label': `${label}: ${shown.map((p) => `${p.name} ${p.text}`).join(', ') || 'nothing yet'}` },
      shown.map((p) => h('span', { class: `shares-part ${p.tone}`, title: `${p.name} ${p.text}`, style: { 'flex-basis': `${whole > 0 ? (p.value / whole) * 100 : 0}%` } }))),
    legend && h('ul', { class: 'shares-legend' },
      parts.map((p) => h('li', null, h('i', { class: `dot ${p.tone}` }), h('span', null, p.name), h('b', null, p.text)))));
}
