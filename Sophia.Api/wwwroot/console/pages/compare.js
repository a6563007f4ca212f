// What changed between two texts, word by word: the longest common subsequence, after what is alike at both ends is taken off.
import { h } from '../core/dom.js';

// The table has one cell for each pair of words; beyond this the texts are shown whole, one after the other.
const MostCells = 4_000_000;

/** Nodes: plain text where both agree, del for what only before has, ins for what only after has. */
export function compared(before, after) {
  const a = words(before);
  const b = words(after);
  let start = 0;
  while (start < a.length && start < b.length && a[start] === b[start]) start++;
  let end = 0;
  while (end < a.length - start && end < b.length - start && a[a.length - 1 - end] === b[b.length - 1 - end]) end++;
  const [middleA, middleB] = [a.slice(start, a.length - end), b.slice(start, b.length - end)];
  const steps = middleA.length * middleB.length > MostCells ? [['del', middleA.join('')], ['ins', middleB.join('')]] : difference(middleA, middleB);
  return [a.slice(0, start).join(''), steps.filter(([, text]) => text).map(([kind, text]) => (kind ? h(kind, null, text) : text)), a.slice(a.length - end).join('')];
}

const words = (text) => text.match(/\s+|[\p{L}\p{N}_]+|[^\s\p{L}\p{N}_]/gu) ?? [];

function difference(a, b) {
  const width = b.length + 1;
  const table = new Uint32Array((a.length + 1) * width);
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      table[i * width + j] = a[i] === b[j] ? table[(i + 1) * width + j + 1] + 1 : Math.max(table[(i + 1) * width + j], table[i * width + j + 1]);
    }
  }
  const steps = [];
  const say = (kind, text) => {
    if (steps.at(-1)?.[0] === kind) steps.at(-1)[1] += text;
    else steps.push([kind, text]);
  };
  let [i, j] = [0, 0];
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) { say(null, a[i]); i++; j++; }
    else if (j >= b.length || (i < a.length && table[(i + 1) * width + j] >= table[i * width + j + 1])) say('del', a[i++]);
    else say('ins', b[j++]);
  }
  return steps;
}
