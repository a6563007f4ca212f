// Splits a document into chunks exactly as the command line does, so that either gives the same keys and the same texts:
// a heading begins a chunk and stays with what follows; whole blocks are packed while they fit; a longer block is cut at
// the last line end, else sentence end, else blank before the limit, and within a word only between whole characters.
import { blocksOf, isSpace } from './blocks.js';

const MostCharacters = 1200;
const MostHeadingCharacters = 500;

/** Chunks [{ text, heading }] of at most 1,200 characters (UTF-16 units). */
export function split(text, isMarkdown, most = MostCharacters) {
  text = text.replaceAll('\r\n', '\n').replaceAll('\r', '\n');
  const chunks = [];
  let [start, end, heading, onlyHeadings] = [-1, -1, null, false];
  const emit = () => {
    if (start >= 0 && text.slice(start, end).trim() !== '') chunks.push({ text: text.slice(start, end).trimEnd(), heading });
    start = -1;
  };
  for (const block of blocksOf(text, isMarkdown)) {
    if (start >= 0 && block.isHeading && !onlyHeadings) emit();
    let budget = most;
    if (start >= 0 && block.end - start > most) {
      // A heading alone says nothing: what follows is cut so that its beginning still fits beside it.
      budget = most - (block.start - start);
      if (!onlyHeadings || block.isHeading || budget < Math.floor(most / 2)) {
        emit();
        budget = most;
      }
    }
    for (const [from, to] of pieces(text, block.start, block.end, budget, most)) {
      if (start >= 0 && to - start > most) emit();
      if (start < 0) [start, onlyHeadings, heading] = [from, block.isHeading, limited(block.heading)];
      else if (onlyHeadings) [onlyHeadings, heading] = [block.isHeading, limited(block.heading)];
      end = to;
    }
  }
  emit();
  return chunks;
}

function* pieces(text, start, end, budget, most) {
  while (end - start > budget) {
    const at = cutPoint(text, start, budget);
    let to = at;
    while (to > start && isSpace(text[to - 1])) to--;
    if (to > start) yield [start, to];
    start = at;
    // Blanks at the cut go; an indentation after a line end stays.
    while (start < end && (text[start] === ' ' || text[start] === '\t')) start++;
    if (start < end && text[start] === '\n') start++;
    budget = most;
  }
  if (end > start) yield [start, end];
}

function cutPoint(text, start, budget) {
  const limit = start + budget;
  const early = start + Math.floor(budget / 2);
  for (let i = limit; i > early; i--) if (text[i] === '\n') return i;
  for (let i = limit; i > early; i--) if (endsSentence(text[i - 1], text[i])) return i;
  for (let i = limit; i > start; i--) if (isSpace(text[i])) return i;
  for (let i = limit; i > early; i--) if (!continuesCharacter(text, i)) return i;
  return isLow(text, limit) && limit - 1 > start ? limit - 1 : limit;
}

const endsSentence = (last, next) => '。！？'.includes(last) || ('.!?'.includes(last) && isSpace(next));
const isLow = (text, at) => (text.charCodeAt(at) & 0xfc00) === 0xdc00;

/** Whether a cut here would part a surrogate pair, a base and its marks, or a joined emoji. */
function continuesCharacter(text, at) {
  const here = String.fromCodePoint(text.codePointAt(at));
  return isLow(text, at) || text[at] === '\u200d' || text[at - 1] === '\u200d' || /^\p{M}/u.test(here)
    || (here.length === 2 && /^\p{Sk}/u.test(here));
}

function limited(heading) {
  if (heading === null || heading.length <= MostHeadingCharacters) return heading;
  const isHigh = (heading.charCodeAt(MostHeadingCharacters - 1) & 0xfc00) === 0xd800;
  return heading.slice(0, isHigh ? MostHeadingCharacters - 1 : MostHeadingCharacters);
}
