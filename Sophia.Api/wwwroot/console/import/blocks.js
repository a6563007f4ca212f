// The blocks of a text, as the command line's importer finds them: headings and fenced code as CommonMark has them, paragraphs.

const isBlank = (line) => line.trim() === '';

/** Blocks [{ start, end, isHeading, heading }] of a text whose lines end in \n; heading names those above, parted by " > ". */
export function blocksOf(text, isMarkdown) {
  const blocks = [];
  const titles = Array(6).fill(null);
  let [start, lines, heading, fence] = [-1, 0, null, null];

  function close(end) {
    if (start < 0) return;
    while (end > start && isSpace(text[end - 1])) end--;
    if (end > start) blocks.push({ start, end, isHeading: false, heading });
    start = -1;
  }
  function add(from, end, level, title) {
    titles[level - 1] = title;
    titles.fill(null, level);
    heading = titles.filter(Boolean).join(' > ') || null;
    blocks.push({ start: from, end, isHeading: true, heading });
  }
  function take(from, end) {
    const line = text.slice(from, end);
    let found;
    if (fence) {
      if (!closesFence(line, fence)) return;
      fence = null;
      close(end);
    } else if (isBlank(line)) close(from);
    else if (isMarkdown && (found = opensFence(line))) {
      close(from);
      [start, fence] = [from, found];
    } else if (isMarkdown && (found = hashHeading(line))) {
      close(from);
      add(from, end, found.level, found.title);
    } else if (isMarkdown && start >= 0 && lines === 1 && (found = underlineLevel(line))) {
      add(start, end, found, text.slice(start, from).trim());
      start = -1;
    } else {
      if (start < 0) [start, lines] = [from, 0];
      lines++;
    }
  }

  for (let from = 0; from < text.length;) {
    let end = text.indexOf('\n', from);
    if (end < 0) end = text.length;
    take(from, end);
    from = end + 1;
  }
  close(text.length);
  return blocks;
}

export const isSpace = (character) => /\s/.test(character);

/** Where a line's text begins; -1 when it is blank or indented by four, which makes it code. */
function unindented(line) {
  const at = line.search(/[^ ]/);
  return at > 3 ? -1 : at;
}

function hashHeading(line) {
  const at = unindented(line);
  const match = at < 0 ? null : /^(#{1,6})(?=[ \t]|$)(.*)$/s.exec(line.slice(at));
  if (!match) return null;
  let title = match[2].trim();
  const open = title.replace(/#+$/, '');
  if (open === '' || /[ \t]$/.test(open)) title = open.trimEnd();
  return { level: match[1].length, title };
}

function underlineLevel(line) {
  const at = unindented(line);
  const rule = at < 0 ? '' : line.slice(at).trimEnd();
  if (/^=+$/.test(rule)) return 1;
  return /^-{2,}$/.test(rule) ? 2 : null;
}

function opensFence(line) {
  const at = unindented(line);
  const match = at < 0 ? null : /^(`{3,}|~{3,})/.exec(line.slice(at));
  // A line such as ```x``` is code in a line of text, not a fence.
  return !match || (match[1][0] === '`' && line.slice(at + match[1].length).includes('`')) ? null : { mark: match[1][0], length: match[1].length };
}

function closesFence(line, fence) {
  const trimmed = line.trim();
  return unindented(line) >= 0 && trimmed.length >= fence.length && [...trimmed].every((c) => c === fence.mark);
}
