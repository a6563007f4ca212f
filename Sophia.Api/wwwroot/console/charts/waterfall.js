// Server-Timing as a waterfall. The header has durations, no starts: they stand in the order in which they were visited.
import { h } from '../core/dom.js';
import { ms } from '../core/format.js';

const Tones = { embed: 'tone-embed', l0: 'tone-l0', near: 'tone-l1', l1: 'tone-l1', l2: 'tone-l2', l3: 'tone-l3', l4: 'tone-l4', l5: 'tone-l5' };
const Words = { embed: 'embed the query', l0: 'L0 search', near: 'L1 near copy', l1: 'L1 shared cache', l2: 'L2 Cortex cache', l3: 'L3 store', l4: 'L4 graph', l5: 'L5 workflows' };

/** timing: [{name, ms}] with total among them; roundTripMs: as the browser measured it. */
export function waterfall(timing, roundTripMs) {
  const total = timing.find((t) => t.name === 'total')?.ms ?? 0;
  const visits = timing.filter((t) => t.name !== 'total');
  const inTiers = visits.reduce((sum, t) => sum + t.ms, 0);
  const rows = [...visits];
  if (total > inTiers) rows.push({ name: 'edge', ms: total - inTiers });
  const service = Math.max(total, inTiers);
  if (roundTripMs > service) rows.push({ name: 'network', ms: roundTripMs - service });
  const whole = Math.max(service, roundTripMs, 1e-6);
  let at = 0;
  return h('ol', { class: 'waterfall' }, rows.map((row) => {
    const start = at;
    at += row.ms;
    return h('li', null,
      h('span', { class: 'waterfall-name' }, row.name === 'edge' ? 'the rest of the service' : row.name === 'network' ? 'network and browser' : Words[row.name] ?? row.name),
      h('span', { class: 'waterfall-track', 'aria-hidden': 'true' },
        h('span', { class: `waterfall-bar ${Tones[row.name] ?? `tone-${row.name === 'network' ? 'network' : 'edge'}`}`, style: { 'margin-left': `${(start / whole) * 100}%`, width: `${(row.ms / whole) * 100}%` } })),
      h('span', { class: 'waterfall-ms' }, ms(row.ms)));
  }));
}
