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

/** Reads JSON to show it: where the browser cannot keep a number, it is rounded. */
export const parseShown = (text) => (JSON.rawJSON ? parse(text) : JSON.parse(text));
