// Forgetting, and removing a namespace: the dry run first, the question with its figures, then the proof.
import { call, namespacePath } from '../core/api.js';
import { announce, h, once, put } from '../core/dom.js';
import { confirm } from '../core/confirm.js';
import { count, plural } from '../core/format.js';
import { problemBox } from '../core/problem.js';
import { keep } from '../core/unsaved.js';

const Names = { records: 'records', versions: 'versions', vectors: 'vectors', l1: 'copies in the shared L1', near: 'near copies', l0: 'rows of L0', logTombstones: 'tombstones in the log, without key or content', snowflake: 'rows in Snowflake' };

/**
 * what: the selection, as POST …/forget takes it. page: { node, signal }, where it is asked. Shows what a dry run found and
 * asks; then forgets. Returns the proof as a box, or null when the answer was no or the page was left. Throws Problem.
 */
export async function forgetFlow(ns, what, named, page) {
  const path = `${namespacePath(ns)}/forget`;
  const forget = async (isAgain) => {
    const { json: plan } = await call(path, { method: 'POST', body: { ...what, dryRun: true }, signal: page.signal });
    if (plan.matched === 0 && !isAgain) return h('p', { class: 'card note', tabindex: '-1' }, 'The dry run found nothing to forget.');
    // Asked again it may match what was written since.
    const isOk = plan.matched === 0 || await confirm({
      title: `Forget ${named}?`, action: `Forget ${plural(plan.matched, 'record')}`, word: what.keys ? null : ns, signal: page.signal,
      body: found(plan, 'A dry run has counted what would go, with every version and from every tier. It cannot be undone.'),
    });
    if (!isOk) return null;
    const proof = await erase(page, path, { method: 'POST', body: what });
    const title = proof.matched > 0 || !isAgain ? `Forgotten: ${plural(proof.matched, 'record')}`
      : proof.notConfirmed?.length ? 'Asked again: not all copies are confirmed to be gone' : 'Asked again: all copies are confirmed to be gone';
    return page.signal.aborted ? null : proven(proof, title, () => forget(true), page);
  };
  return forget(false);
}

/** Removes a namespace whole, in the same way. */
export async function removeFlow(ns, page) {
  const path = namespacePath(ns);
  const { json: plan } = await call(`${path}?dryRun=true`, { method: 'DELETE', signal: page.signal });
  const isOk = await confirm({
    title: `Remove ${ns}?`, action: 'Remove the namespace', word: ns, signal: page.signal,
    body: found(plan, 'Its settings and its name go with its records. A dry run has counted what would go from every tier. It cannot be undone.'),
  });
  if (!isOk) return null;
  const proof = await erase(page, path, { method: 'DELETE' });
  return page.signal.aborted ? null : proven(proof, `Removed: ${ns}, with ${plural(proof.matched, 'record')}`);
}

let erasing = 0;

/** Whether something is being erased: closing the tab would end it half way. */
export const isErasing = () => erasing > 0;

// Without the page's signal: it goes on though its page was left, as long as the tab is open.
async function erase({ node }, path, options) {
  const letGo = keep(node, () => true, 'What was asked for is being erased. It goes on while this tab is open, but its proof is shown only here.');
  erasing++;
  try {
    return (await call(path, options)).json;
  } finally {
    erasing--;
    letGo();
  }
}

/** Reads a box that was just put on the page to those who do not see it, and brings them to it. */
export function tell(box) {
  announce((box.querySelector('h2') ?? box).textContent);
  box.focus();
}

const found = (plan, words) => h('div', { class: 'stack' },
  h('p', null, words),
  figures(plan.erased), plan.matched > 1 && h('details', null, h('summary', null, `The first ${count(plan.keys.length)} keys`), h('ul', { class: 'key-list' }, plan.keys.map((k) => h('li', null, h('code', null, k))))),
  held(plan.stillHeldBy));

// askAgain: gives the box that takes this one's place, or null; where something did not confirm.
function proven(proof, title, askAgain, page) {
  const failure = h('div');
  const again = once(async () => {
    put(failure);
    try {
      const next = await askAgain();
      if (!next) return;
      box.replaceWith(next);
      tell(next);
    } catch (error) {
      if (!page.signal.aborted) put(failure, problemBox(error));
    }
  });
  const box = h('section', { class: 'card proof', tabindex: '-1' },
    h('h2', null, title), figures(proof.erased), held(proof.stillHeldBy), unconfirmed(proof.notConfirmed),
    proof.sequence && h('p', { class: 'note' }, 'Sequence ', h('code', null, proof.sequence), '. A read that carries it sees that they are gone.'),
    askAgain && proof.notConfirmed?.length > 0 && h('p', { class: 'actions' }, h('button', { type: 'button', class: 'button', onclick: again }, 'Ask again')), failure);
  return box;
}

const figures = (erased) => h('dl', { class: 'erased' },
  Object.entries(erased).map(([name, n]) => h('div', null, h('dd', { class: 'number' }, count(n)), h('dt', null, Names[name] ?? name))));

const held = (holders) => (holders?.length ? h('div', { class: 'held' }, h('h3', null, 'May still hold copies'), h('ul', null, holders.map((x) => h('li', null, x)))) : null);

const unconfirmed = (copies) => (copies?.length ? h('div', { class: 'held' }, h('h3', null, 'Not confirmed'), h('ul', null, copies.map((x) =>
  h('li', null, [x.tier, x.node, x.shard === null ? null : `shard ${x.shard}`].filter(Boolean).join(', '), ': ', x.reason)))) : null);
