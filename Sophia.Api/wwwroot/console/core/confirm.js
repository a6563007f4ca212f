// A question in a dialog of the browser's own: focus stays inside, Escape is no.
import { h, newId } from './dom.js';

/** Shows a dialog; resolves with true when it was confirmed. word: what must be typed first. signal: the page that asks; left, it is no. */
export function confirm({ title, body, action, word, signal }) {
  return new Promise((resolve) => {
    if (signal?.aborted) {
      resolve(false);
      return;
    }
    const id = newId('dialog');
    const typed = word ? h('input', { type: 'text', autocomplete: 'off', spellcheck: 'false', id: `${id}-word`, oninput: () => { yes.disabled = typed.value !== word; } }) : null;
    const yes = h('button', { type: 'submit', class: 'button danger', disabled: Boolean(word) }, action);
    const dialog = h('dialog', { class: 'dialog', 'aria-labelledby': id },
      h('form', { method: 'dialog', onsubmit: (event) => { event.preventDefault(); end(true); } },
        h('h2', { id }, title), body,
        typed && h('div', { class: 'field' }, h('label', { for: typed.id }, 'Type ', h('code', null, word), ' to go on'), typed),
        h('div', { class: 'dialog-actions' }, h('button', { type: 'button', class: 'button', onclick: () => end(false) }, 'Cancel'), yes)));
    function end(answer) {
      dialog.close();
      dialog.remove();
      resolve(answer);
    }
    dialog.addEventListener('cancel', (event) => { event.preventDefault(); end(false); });
    signal?.addEventListener('abort', () => end(false), { once: true });
    document.body.append(dialog);
    dialog.showModal();
  });
}
