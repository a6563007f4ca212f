// Calls to the service: the key goes along, the answer's tier and timings come back, and each call stands in the journal.
import { remember } from './journal.js';
import { parseShown } from './json.js';
import { Problem } from './problem.js';
import { caller, session } from './session.js';

let onUnauthenticated = () => {};
/** Says what happens when the service wants a key, or another one: with the problem, and whether the page asked by itself. */
export const whenUnauthenticated = (action) => { onUnauthenticated = action; };

/** The headers that say who asks. */
export function identity() {
  const headers = {};
  if (session.key) headers.Authorization = `Bearer ${session.key}`;
  if (session.tenant) headers['Sophia-Tenant'] = session.tenant;
  return headers;
}

/**
 * Makes a call. options: method, body (a value, sent as JSON), headers, signal, background (the page asks again and again),
 * exact (numbers that a double cannot hold are kept, as what goes back into a record must be).
 * Returns { json, status, etag, tier, stale, timing: [{name, ms}], roundTripMs }. Throws Problem.
 */
export async function call(path, { method = 'GET', body, headers = {}, signal, background, exact } = {}) {
  const text = body === undefined ? null : JSON.stringify(body);
  const sent = text === null ? { ...headers } : { 'Content-Type': 'application/json', ...headers };
  const begun = performance.now();
  const entry = { method, path, headers: session.tenant ? { ...sent, 'Sophia-Tenant': session.tenant } : sent, body: text, hasKey: Boolean(session.key), background };
  const mine = caller();
  // Who has entered another key since should see nothing of this, and is not the one who was refused.
  const isMine = () => caller() === mine;
  const note = (outcome) => { if (isMine()) remember({ ...entry, ...outcome }); };
  let response;
  try {
    response = await fetch(path, { method, body: text, headers: { ...sent, ...identity() }, signal, cache: 'no-store' });
  } catch (error) {
    if (error.name === 'AbortError') throw error;
    note({ status: 0, tookMs: performance.now() - begun });
    throw Problem.unreachable(error);
  }
  if (!response.ok) {
    const problem = await Problem.of(response);
    note({ status: response.status, tookMs: performance.now() - begun, code: problem.code });
    if (isMine() && (response.status === 401 || (response.status === 400 && problem.suggestion?.includes('Sophia-Tenant')))) onUnauthenticated(problem, Boolean(background));
    problem.retryAfter = Number(response.headers.get('Retry-After')) || 0;
    throw problem;
  }
  const json = exact ? parseShown(await response.text()) : await response.json();
  const tier = response.headers.get('Sophia-Tier');
  const roundTripMs = performance.now() - begun;
  note({ status: response.status, tier, tookMs: roundTripMs });
  return {
    json, status: response.status, etag: response.headers.get('ETag'), tier, stale: response.headers.get('Sophia-Stale') === 'true',
    timing: timings(response.headers.get('Server-Timing')), roundTripMs,
  };
}

/** Server-Timing as a list, in the header's order. */
export function timings(header) {
  return (header ?? '').split(',').map((part) => /^\s*([^;\s]+)\s*;\s*dur=([\d.]+)/.exec(part)).filter(Boolean)
    .map(([, name, dur]) => ({ name, ms: Number(dur) }));
}

export const namespacePath = (ns) => `/v1/namespaces/${encodeURIComponent(ns)}`;

/** A record's address. The keys . and .. have none; the service says so. */
export const recordPath = (ns, key) => `${namespacePath(ns)}/memories/${encodeURIComponent(key)}`;

/** Every namespace of the tenant, by name. */
export async function namespaces(signal) {
  const all = [];
  for (let cursor = null; ;) {
    const { json } = await call(`/v1/namespaces?limit=500${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ''}`, { signal, background: true });
    all.push(...json.items);
    cursor = json.next;
    if (!cursor) return all;
  }
}

let document;
/** The fields that this service's search takes, from its own description: older ones know fewer. */
export async function searchFields() {
  document ??= call('/openapi/v1.json', { background: true }).then(({ json }) => json);
  try {
    return new Set(Object.keys((await document).components?.schemas?.SearchBody?.properties ?? {}));
  } catch (error) {
    document = undefined;
    throw error;
  }
}
