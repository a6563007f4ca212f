// Server-sent events over fetch: EventSource cannot send a key. The form is WHATWG HTML 9.2.6.
import { identity } from './api.js';
import { remember } from './journal.js';
import { Problem } from './problem.js';
import { session } from './session.js';

// Three heartbeats of the service: a connection that is silent for longer is broken, even if nobody has said so.
const SilenceMs = 45_000;

/**
 * Reads a feed until the signal ends it, and reconnects from the last event when the connection breaks. Calls
 * onEvent({ id, event, data }) and onState('open' | 'waiting', problem): why it waits, where that is known. Throws
 * Problem when the service refuses.
 */
export async function follow(path, { signal, onEvent, onState }) {
  let last = null;
  for (let wait = 500; !signal.aborted;) {
    const silence = watchdog(SilenceMs);
    let problem = null;
    try {
      const response = await fetch(path, { signal: AbortSignal.any([signal, silence.signal]), cache: 'no-store', headers: { Accept: 'text/event-stream', ...identity(), ...(last ? { 'Last-Event-ID': last } : {}) } });
      if (!response.ok) throw await Problem.of(response);
      remember({ method: 'GET', path, headers: session.tenant ? { 'Sophia-Tenant': session.tenant } : {}, body: null, hasKey: Boolean(session.key), background: true, status: response.status, tier: response.headers.get('Sophia-Tier'), tookMs: null });
      onState('open');
      wait = 500;
      await read(response.body, silence, (event) => {
        last = event.id ?? last;
        if (event.data !== null) onEvent(event);
      });
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof Problem && error.status < 500) throw error;
      problem = error instanceof Problem ? error : Problem.unreachable(error);
    } finally {
      silence.stop();
    }
    if (signal.aborted) return;
    onState('waiting', problem);
    await pause(wait, signal);
    wait = Math.min(wait * 2, 10_000);
  }
}

/** Aborts its signal when it has not been told of anything for so long. */
function watchdog(delay) {
  const barking = new AbortController();
  let timer;
  const stop = () => clearTimeout(timer);
  const heard = () => { stop(); timer = setTimeout(() => barking.abort(new Error(`nothing was heard for ${delay / 1000} s`)), delay); };
  heard();
  return { signal: barking.signal, heard, stop };
}

async function read(stream, silence, onEvent) {
  const reader = stream.pipeThrough(new TextDecoderStream()).getReader();
  const parser = eventParser(onEvent);
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    silence.heard();
    parser(value);
  }
}

/** Takes text in any pieces; calls onEvent for each whole event that has data (null: none) or an id, which is a place to go on from. */
export function eventParser(onEvent) {
  let rest = '';
  let event = { id: null, event: 'message', data: [] };
  return (text) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop();
    for (const line of lines) {
      if (line === '') {
        if (event.data.length > 0 || event.id !== null) onEvent({ ...event, data: event.data.length > 0 ? event.data.join('\n') : null });
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
