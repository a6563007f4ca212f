// What would be lost if the page were left or drawn anew: text that is not saved, an import under way.

let kept = null;

/** Keeps the page while the node is in it. isChanged says whether leaving loses something, question what. Returns what lets it go. */
export function keep(node, isChanged, question) {
  const mine = { node, isChanged, question };
  kept = mine;
  return () => { if (kept === mine) kept = null; };
}

/** Whether something is open that drawing the page anew would close. */
export const isOpen = () => Boolean(kept?.node.isConnected);

/** What leaving would lose, as a sentence; null when it is nothing. */
export const loss = () => (isOpen() && kept.isChanged() ? kept.question : null);
