// JSON whose numbers stay the numbers that were written: one that a double cannot hold is kept as its text.

// The digits that count: without sign, point, exponent and the zeros around them.
const digits = (text) => text.replace(/[eE].*$/, '').replace(/[-.]/g, '').replace(/^0+|0+$/g, '');

const isHeld = (source, value) => source === String(value) || (Number.isFinite(value) && digits(source) === digits(String(value)));

const whole = (_, value, context) => (typeof value !== 'number' || isHeld(context.source, value) ? value : JSON.rawJSON(context.source));

function refused(_, value) {
  if (typeof value !== 'number' || Number.isSafeInteger(value) || (Number.isFinite(value) && !Number.isInteger(value))) return value;
  throw new SyntaxError(`This browser cannot keep the number ${value} as it was written; a newer one can`);
}

/** Reads JSON that will be written again. A browser that would round a large integer in it refuses. */
export const parse = (text) => JSON.parse(text, JSON.rawJSON ? whole : refused);

// What makes a string a name.
const colon = /\s*:/y;

/** The first name that an object of this JSON, which could be read, has twice; null when none has. */
export function doubledName(text) {
  const objects = [];
  for (let at = 0; at < text.length; at++) {
    if (text[at] === '{') objects.push(new Set());
    else if (text[at] === '}') objects.pop();
    else if (text[at] === '"') {
      const from = at;
      for (at++; text[at] !== '"'; at++) if (text[at] === '\\') at++;
      colon.lastIndex = at + 1;
      if (!colon.test(text)) continue;
      const name = JSON.parse(text.slice(from, at + 1));
      if (objects.at(-1).has(name)) return name;
      objects.at(-1).add(name);
    }
  }
  return null;
}

/** Reads JSON to show it: where the browser cannot keep a number, it is rounded. */
export const parseShown = (text) => (JSON.rawJSON ? parse(text) : JSON.parse(text));
