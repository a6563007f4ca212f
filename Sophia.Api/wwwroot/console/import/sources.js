// From dropped files to records: NDJSON line by line, Markdown and text in chunks, keyed as the command line keys them.
import { doubledName, parse } from '../core/json.js';
import { split } from './split.js';

const LargestText = 32 << 20;
const LongestKey = 512;
const LongestStem = 500;
const LongestProvenance = 1024;

const extension = (name) => /\.[^./]*$/.exec(name)?.[0].toLowerCase() ?? '';
const isNdjson = (name) => ['.ndjson', '.jsonl'].includes(extension(name));

/** Whether a file's records are chunks of it, whose keys have its path. */
export const isDocument = (name) => !isNdjson(name);

/** Whether a file may be text, by its name; a number at the end is no type (LGPL-2.1, ls.1). */
export const mayBeText = (name) => isNdjson(name) || ['', '.md', '.markdown', '.txt', '.rst'].includes(extension(name)) || /^\.\d*$/.test(extension(name));

/**
 * Yields { record, where } or { error, where } for each record of the file. where: the line, or the key.
 * file: { path, file }. onBytes is told how much more was read.
 */
export async function* recordsOf({ path, file }, onBytes) {
  if (isNdjson(path)) yield* lines(file, path, onBytes);
  else yield* chunks(file, path, onBytes);
}

async function* lines(file, path, onBytes) {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  const reader = file.stream().getReader();
  let [rest, number, done] = ['', 0, false];
  while (!done) {
    const read = await reader.read();
    done = read.done;
    try {
      rest += done ? decoder.decode() : decoder.decode(read.value, { stream: true });
    } catch {
      yield { error: 'not UTF-8 from here on', where: `${path}, after line ${number}` };
      return;
    }
    onBytes(read.value?.length ?? 0);
    const parts = rest.split('\n');
    rest = done ? '' : parts.pop();
    for (const line of parts) {
      number++;
      if (line.trim()) yield parsed(line, `${path}, line ${number}`);
    }
  }
}

function parsed(line, where) {
  let record;
  try {
    record = parse(line);
  } catch (error) {
    return { error: `not JSON: ${error.message}`, where };
  }
  if (typeof record !== 'object' || record === null || Array.isArray(record)) return { error: 'not a record: it is no JSON object', where };
  const doubled = doubledName(line);
  if (doubled !== null) return { error: `not a record: "${doubled}" is there twice`, where };
  if (typeof record.key !== 'string' || record.key === '') return { error: '"key" is missing', where };
  if (record.key.length > LongestKey) return { error: `"key" is longer than ${LongestKey} characters`, where };
  if ((record.content ?? null) === null && (record.contentBase64 ?? null) === null) return { error: '"content" or "contentBase64" is missing', where };
  // Only what a record takes, so that what a listing gives can be imported.
  const taken = ['key', 'content', 'contentBase64', 'contentType', 'tags', 'attributes', 'vector', 'expiresAt', 'ttlSeconds', 'validFrom', 'validTo', 'provenance', 'ifPresent'];
  return { record: Object.fromEntries(taken.filter((name) => (record[name] ?? null) !== null).map((name) => [name, record[name]])), where };
}

async function* chunks(file, path, onBytes) {
  if (file.size > LargestText) {
    onBytes(file.size);
    yield { error: 'larger than 32 MiB, which is data rather than a document', where: path };
    return;
  }
  const bytes = new Uint8Array(await file.arrayBuffer());
  onBytes(file.size);
  if (bytes.includes(0)) {
    yield { error: 'not text but binary', where: path };
    return;
  }
  let text;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    yield { error: 'not UTF-8', where: path };
    return;
  }
  if (path.length > LongestStem || /\p{Cc}/u.test(path)) {
    yield { error: 'its path cannot be a key: too long, or with control characters', where: path };
    return;
  }
  const isMarkdown = ['.md', '.markdown'].includes(extension(path));
  const source = path.slice(0, LongestProvenance);
  let position = 0;
  for (const chunk of split(text, isMarkdown)) {
    const key = `${path}#${String(position).padStart(4, '0')}`;
    yield {
      where: key,
      record: {
        key, content: chunk.text, contentType: isMarkdown ? 'text/markdown' : 'text/plain', provenance: { source },
        attributes: { path: source, position, ...(chunk.heading === null ? {} : { heading: chunk.heading }) },
      },
    };
    position++;
  }
}

/** What was dropped or chosen, as [{ path, file }]. One folder dropped alone gives paths from within it, as the command line does. */
export async function filesOf(transfer) {
  const entries = [...(transfer.items ?? [])].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  if (entries.length === 0) return chosen(transfer.files);
  const files = [];
  for (const entry of entries) await walk(entry, entries.length === 1 && entry.isDirectory ? '' : entry.name, files);
  return files.sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** Files from a picker. Of a folder, what is hidden is passed over, as when it is dropped: it was not named by anybody. */
export function chosen(list) {
  return [...list].map((file) => ({ path: file.webkitRelativePath ? file.webkitRelativePath.split('/').slice(1).join('/') : file.name, file }))
    .filter(({ path, file }) => !file.webkitRelativePath || !path.split('/').some((part) => part.startsWith('.')));
}

async function walk(entry, path, files) {
  if (entry.isFile) {
    files.push({ path, file: await new Promise((done, failed) => entry.file(done, failed)) });
    return;
  }
  const reader = entry.createReader();
  for (;;) {
    // A reader gives its entries in portions; an empty one is the end.
    const some = await new Promise((done, failed) => reader.readEntries(done, failed));
    if (some.length === 0) return;
    for (const inner of some) if (!inner.name.startsWith('.')) await walk(inner, path ? `${path}/${inner.name}` : inner.name, files);
  }
}
