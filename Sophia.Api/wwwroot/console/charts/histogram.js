// A latency histogram over the service's own buckets, with the budget as a line: what lies beyond it is hatched.
import { h, s, newId } from '../core/dom.js';
import { count, ms } from '../core/format.js';

const Height = 100;
const Step = 10;

/** Counts per bucket from counts up to each bound. */
export const perBucket = (buckets) => buckets.map((b, i) => b.count - (i === 0 ? 0 : buckets[i - 1].count));

/**
 * buckets: [{leMs, count}], cumulative, the last leMs null. recent: counts per bucket of the last minute, or null.
 * The pale bars are all since the start, the full ones the last minute, each as a share of its own greatest.
 */
export function histogram({ buckets, recent, budgetMs, label }) {
  const total = perBucket(buckets);
  const first = Math.max(0, Math.min(total.findIndex((n) => n > 0), buckets.findIndex((b) => b.leMs >= budgetMs) - 2));
  const last = Math.max(total.findLastIndex((n) => n > 0), buckets.findIndex((b) => b.leMs >= budgetMs) + 1);
  const from = Math.max(0, first - 1);
  const shown = buckets.slice(from, last + 1).map((b, i) => ({ le: b.leMs, all: total[from + i], now: recent?.[from + i] ?? 0, low: from + i === 0 ? 0 : buckets[from + i - 1].leMs }));
  const over = shown.findIndex((b) => b.low >= budgetMs);
  const greatest = Math.max(1, ...shown.map((b) => b.all));
  const greatestNow = Math.max(1, ...shown.map((b) => b.now));
  const hatch = newId('hatch');
  const width = shown.length * Step;
  const bars = shown.map((b, i) => {
    const isOver = b.low >= budgetMs;
    return s('g', null,
      s('title', null, `${rangeOf(b)}: ${count(b.all)} since the start, ${count(b.now)} in the last minute`),
      s('rect', { x: i * Step, y: 0, width: Step, height: Height, class: 'histogram-target' }),
      bar(i, b.all / greatest, isOver ? 'histogram-all over' : 'histogram-all', isOver ? `url(#${hatch})` : null),
      bar(i, b.now / greatestNow, isOver ? 'histogram-now over' : 'histogram-now', null));
  });
  const svg = s('svg', { viewBox: `0 0 ${width} ${Height}`, preserveAspectRatio: 'none', class: 'histogram-plot', role: 'img', 'aria-label': label },
    s('defs', null, s('pattern', { id: hatch, width: 3, height: 3, patternUnits: 'userSpaceOnUse', patternTransform: 'rotate(45)' },
      s('rect', { width: 1.2, height: 3, class: 'histogram-hatch' }))),
    bars,
    over >= 0 && s('line', { x1: over * Step, x2: over * Step, y1: 0, y2: Height, class: 'histogram-budget' }));
  const columns = `repeat(${shown.length}, 1fr)`;
  return h('div', { class: 'histogram' },
    h('div', { class: 'histogram-flag-row', style: { 'grid-template-columns': columns }, 'aria-hidden': 'true' },
      over >= 0 && h('span', { class: over > shown.length / 2 ? 'histogram-flag left' : 'histogram-flag', style: { 'grid-column': over > shown.length / 2 ? `1 / ${over + 1}` : `${over + 1} / -1` } }, `budget ${ms(budgetMs)}`)),
    svg,
    h('div', { class: 'histogram-axis', style: { 'grid-template-columns': columns }, 'aria-hidden': 'true' },
      shown.map((b, i) => h('span', { class: isNamed(b, budgetMs, shown, i) ? '' : 'quiet' }, isNamed(b, budgetMs, shown, i) ? axisLabel(b.le) : ''))));
}

const Named = new Set([0.01, 0.1, 1, 10, 100, 1000, 10_000]);

function isNamed(bucket, budgetMs, shown, i) {
  if (bucket.le === null) return false;
  return Named.has(bucket.le) && i < shown.length - (bucket.le === budgetMs ? 0 : 1);
}

const axisLabel = (le) => (le < 0.1 ? `${le * 1000} µs` : le < 1000 ? `${le} ms` : `${le / 1000} s`);
const rangeOf = (b) => (b.le === null ? `over ${ms(b.low)}` : `${b.low === 0 ? '0' : ms(b.low)} to ${ms(b.le)}`);

// A bar of at least two hundredths is visible at all; zero has none.
function bar(i, share, name, fill) {
  const height = share === 0 ? 0 : Math.max(2, share * Height);
  const rect = s('rect', { x: i * Step + 0.8, y: Height - height, width: Step - 1.6, height, class: name });
  if (fill) rect.style.fill = fill;
  return rect;
}
