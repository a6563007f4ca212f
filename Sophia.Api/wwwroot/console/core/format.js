// Numbers, sizes and times as people read them.

const whole = new Intl.NumberFormat('en');
const short = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 });
const percent1 = new Intl.NumberFormat('en', { style: 'percent', maximumFractionDigits: 1 });

/** 12,345 */
export const count = (n) => whole.format(n);

/** 12.3K from ten thousand on, exact below. */
export const brief = (n) => (Math.abs(n) < 10_000 ? whole.format(n) : short.format(n));

/** 0.934 → 93.4%; null → an en dash. */
export const ratio = (value) => (value === null || value === undefined ? '–' : percent1.format(value));

/** Milliseconds with the digits that matter: 4 µs, 0.25 ms, 13.8 ms, 1.20 s. */
export function ms(value) {
  if (value === null || value === undefined) return '–';
  if (value < 0.1) return `${Math.round(value * 1000)} µs`;
  if (value < 10) return `${trim(value.toFixed(2))} ms`;
  if (value < 1000) return `${trim(value.toFixed(1))} ms`;
  return `${trim((value / 1000).toFixed(2))} s`;
}

const trim = (text) => text.replace(/\.?0+$/, '');

/** Bytes in powers of 1,024: 9.4 KiB. */
export function bytes(value) {
  if (value === null || value === undefined) return '–';
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) { value /= 1024; unit++; }
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}

/** A moment as the reader's clock shows it, seconds included. */
export function moment(text) {
  const at = new Date(text);
  return Number.isNaN(at.getTime()) ? String(text)
    : at.toLocaleString('en-GB', { day: 'numeric', month: 'short', year: 'numeric', hour: '2-digit', minute: '2-digit', second: '2-digit' });
}

/** The time of day only. */
export const clock = (at) => new Date(at).toLocaleTimeString('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit' });

/** "3 min ago" */
export function ago(text) {
  const seconds = Math.max(0, (Date.now() - new Date(text).getTime()) / 1000);
  const steps = [[60, 1, 's'], [3600, 60, 'min'], [86_400, 3600, 'h'], [86_400 * 60, 86_400, 'days']];
  for (const [below, unit, word] of steps) if (seconds < below) return `${Math.floor(seconds / unit)} ${word} ago`;
  return new Date(text).toLocaleDateString('en-GB', { day: 'numeric', month: 'short', year: 'numeric' });
}

/** 1 record, 2 records */
export const plural = (n, one, many = `${one}s`) => `${count(n)} ${n === 1 ? one : many}`;

/** A record's content as text: JSON is laid out, bytes are named by their length. */
export function contentText(record) {
  if (record.contentBase64 !== undefined) return `${bytes(Math.floor(record.contentBase64.length * 3 / 4))} of ${record.contentType}`;
  return typeof record.content === 'string' ? record.content : JSON.stringify(record.content, null, 2);
}

/** Text cut to a length, at a whole character. */
export function cut(text, length) {
  if (text.length <= length) return text;
  const end = (text.charCodeAt(length - 1) & 0xfc00) === 0xd800 ? length - 1 : length;
  return `${text.slice(0, end).trimEnd()}…`;
}
