// Server-sent events over fetch: EventSource cannot send a key. The form is WHATWG HTML 9.2.6.
import { identity } from './api.js';
import { remember } from './journal.js';
import { Problem } from './problem.js';
import { session } from './session.js';

/**
 * Reads a feed until the signal ends it, and reconnects from the last event when the connection breaks. Calls
 * onEvent({ id, event, data }) and onState('open' | 'waiting'). Throws Problem when the service refuses.
 */
export async function follow(path, { signal, onEvent, onState }) {
  let last = null;
  for (let wait = 500; !signal.aborted;) {
    try {
      const response = await fetch(path, { signal, cache: 'no-store', headers: { Accept: 'text/event-stream', ...identity(), ...(last ? { 'Last-Event-ID': last } : {}) } });
      if (!response.ok) throw await Problem.of(response);
      remember({ method: 'GET', path, headers: session.tenant ? { 'Sophia-Tenant': session.tenant } : {}, body: null, background: true, status: response.status, tier: response.headers.get('Sophia-Tier'), tookMs: null });
      onState('open');
      wait = 500;
      await read(response.body, (event) => {
        last = event.id ?? last;
        onEvent(event);
      });
    } catch (error) {
      if (signal.aborted || error.name === 'AbortError') return;
      if (error instanceof Problem && error.status < 500) throw error;
    }
    if (signal.aborted) return;
    onState('waiting');
    await pause(wait, signal);
    wait = Math.min(wait * 2, 10_000);
  }
}

async function read(stream, onEvent) {
  const reader = stream.pipeThrough(new TextDecoderStream()).getReader();
  const parser = eventParser(onEvent);
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    parser(value);
  }
}

/** Takes text in any pieces; calls onEvent for each whole event that has data. */
export function eventParser(onEvent) {
  let rest = '';
  let event = { id: null, event: 'message', data: [] };
  return (text) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop();
    for (const line of lines) {
      if (line === '') {
        if (event.data.length > 0) onEvent({ ...event, data: event.data.join('\n') });
        event = { id: null, event: 'message', data: [] };
        continue;
      }
      const colon = line.indexOf(':');
      if (colon === 0) continue;
      const name = colon < 0 ? line : line.slice(0, colon);
      const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
      if (name === 'data') event.data.push(value);
      else if (name === 'id') event.id = value;
      else if (name === 'event') event.event = value;
    }
  };
}

const pause = (delay, signal) => new Promise((done) => {
  const timer = setTimeout(done, delay);
  signal.addEventListener('abort', () => { clearTimeout(timer); done(); }, { once: true });
});
