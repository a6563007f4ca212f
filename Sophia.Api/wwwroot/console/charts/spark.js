// A small line of the latest values, newest at the right.
import { s } from '../core/dom.js';

/** values: numbers, oldest first; length: how many fit. label: what a screen reader says. */
export function spark(values, length, label) {
  const most = Math.max(1e-9, ...values);
  const points = values.map((v, i) => [length - values.length + i, 30 - (v / most) * 27]);
  const line = points.map(([x, y]) => `${x},${y.toFixed(2)}`).join(' ');
  const start = points[0]?.[0] ?? length;
  return s('svg', { viewBox: `0 0 ${length - 1} 31`, preserveAspectRatio: 'none', class: 'spark', role: 'img', 'aria-label': label },
    points.length > 1 && s('polygon', { points: `${start},31 ${line} ${length - 1},31`, class: 'spark-area' }),
    points.length > 1 && s('polyline', { points: line, class: 'spark-line' }));
}
