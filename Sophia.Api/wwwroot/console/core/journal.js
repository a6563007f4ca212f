// The requests that were made here, newest first, for the page of curl. Kept in memory only, and never with a key.

const Most = 200;
const LongestBody = 16_384;

const entries = [];
const listeners = new Set();

/**
 * Remembers a request. A request of the same kind that the page makes again and again (background) is kept once, with
 * its count. body: the text that was sent, or null. hasKey: whether a key was sent.
 */
export function remember({ method, path, headers, body, hasKey, background, status, tier, tookMs, code }) {
  const shown = {
    method, path, headers, hasKey, background: Boolean(background), status, tier, tookMs, code, at: Date.now(), times: 1,
    body: body === null || body === undefined ? null : body.length <= LongestBody ? body : null,
    bodyLength: body?.length ?? 0,
  };
  const before = background ? entries.findIndex((e) => e.background && e.method === method && e.path === path) : -1;
  if (before >= 0) shown.times += entries.splice(before, 1)[0].times;
  entries.unshift(shown);
  while (entries.length > Most) {
    // What the user did stays longest.
    const oldest = entries.findLastIndex((e) => e.background);
    entries.splice(oldest < 0 ? entries.length - 1 : oldest, 1);
  }
  for (const listener of listeners) listener(shown);
}

export const journal = () => entries;

/** Calls the listener after each request; returns what ends it. */
export function onRequest(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export const forgetJournal = () => { entries.length = 0; };

/** A word for a POSIX shell. */
export const quoted = (text) => (/^[A-Za-z0-9_./:=@%+-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`);

/** The request as a curl command. Keys never stand in it: $SOPHIA_KEY does, when one was sent. */
export function curlOf(entry, origin) {
  const lines = [`curl${entry.method === 'GET' ? '' : ` -X ${entry.method}`} ${quoted(origin + entry.path)}`];
  if (entry.hasKey) lines.push('-H "Authorization: Bearer $SOPHIA_KEY"');
  for (const [name, value] of Object.entries(entry.headers)) lines.push(`-H ${quoted(`${name}: ${value}`)}`);
  if (entry.path.includes('/changes')) lines[0] = lines[0].replace('curl', 'curl -N');
  if (entry.body !== null) lines.push(`--data-binary ${quoted(entry.body)}`);
  else if (entry.bodyLength > 0) lines.push('--data-binary @body.json');
  return lines.join(' \\\n  ');
}
