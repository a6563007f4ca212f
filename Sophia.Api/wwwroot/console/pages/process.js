// What the process itself uses, from /metrics (Prometheus text). Those who may not read it see nothing of it.
import { identity } from '../core/api.js';
import { h, put } from '../core/dom.js';
import { brief, bytes, ms } from '../core/format.js';
import { remember } from '../core/journal.js';
import { session } from '../core/session.js';
import { LongestAnswerMs } from '../core/ticks.js';

/** Sum of a metric's samples; only those with the label, when one is given. */
export function sumOf(text, metric, label = '') {
  let sum = 0;
  for (const line of text.split('\n')) {
    if (line.startsWith(metric) && /^[{ ]/.test(line.slice(metric.length)) && line.includes(label)) sum += Number(line.slice(line.lastIndexOf(' ') + 1));
  }
  return sum;
}

/** Returns what draws the strip anew. To whom the metrics are forbidden, they are asked for no more. */
export function processStrip(node, signal) {
  // Of each process that answers here, by its start: from one to another there is no difference to take.
  const before = new Map();
  let isRefused = false;
  return async () => {
    if (isRefused) return;
    let text;
    try {
      const response = await fetch('/metrics', { headers: identity(), signal: AbortSignal.any([signal, AbortSignal.timeout(LongestAnswerMs)]), cache: 'no-store' });
      // What is busy or away now is there again later.
      isRefused = response.status < 500 && response.status !== 429 && !response.ok;
      if (!response.ok) return;
      remember({ method: 'GET', path: '/metrics', headers: {}, body: null, hasKey: Boolean(session.key), background: true, status: response.status, tookMs: null });
      text = await response.text();
    } catch {
      return; // The tiers beside it say when the service does not answer.
    }
    const now = { at: performance.now(), start: sumOf(text, 'sophia_process_start_time_seconds'), cpu: sumOf(text, 'dotnet_process_cpu_time_seconds_total') };
    const last = before.get(now.start);
    const cpu = last ? (now.cpu - last.cpu) / ((now.at - last.at) / 1000) : null;
    before.set(now.start, now);
    node.hidden = false;
    put(node, h('h2', { id: 'process' }, 'This process'),
      h('dl', { class: 'figures wide' },
        figure('memory', bytes(sumOf(text, 'dotnet_process_memory_working_set_bytes'))),
        figure('processor', cpu === null ? '–' : `${cpu.toFixed(2)} of ${sumOf(text, 'dotnet_process_cpu_count')} cores`),
        figure('GC pauses', ms(sumOf(text, 'dotnet_gc_pause_time_seconds_total') * 1000)),
        figure('threads', brief(sumOf(text, 'dotnet_thread_pool_thread_count_total'))),
        figure('requests', brief(sumOf(text, 'http_server_request_duration_seconds_count')))));
  };
}

const figure = (name, value) => h('div', null, h('dt', null, name), h('dd', null, value));
