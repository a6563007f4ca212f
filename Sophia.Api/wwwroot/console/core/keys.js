// The dialog that asks for an API key. The key is kept for this tab alone.
import { field, h } from './dom.js';
import { problemBox } from './problem.js';
import { session } from './session.js';

/** Resolves with true when a key was entered or taken away. */
export function askForKey(problem) {
  return new Promise((resolve) => {
    const key = h('input', { type: 'password', autocomplete: 'off', spellcheck: 'false', value: session.key });
    const tenant = h('input', { type: 'text', autocomplete: 'off', spellcheck: 'false', value: session.tenant });
    const dialog = h('dialog', { class: 'dialog', 'aria-labelledby': 'key-title' },
      h('form', { method: 'dialog', onsubmit: (event) => { event.preventDefault(); end(true); } },
        h('h2', { id: 'key-title' }, 'Who is asking?'),
        problem && problemBox(problem),
        field('API key', key, 'Stays in this tab and goes when it is closed. sophia key new makes one.'),
        field('Tenant', tenant, 'Only for a key that is good for several.'),
        h('div', { class: 'dialog-actions' },
          session.key && h('button', { type: 'button', class: 'button quiet', onclick: () => { key.value = tenant.value = ''; end(true); } }, 'Forget the key'),
          h('button', { type: 'button', class: 'button', onclick: () => end(false) }, 'Cancel'),
          h('button', { type: 'submit', class: 'button primary' }, 'Use this key'))));
    function end(isEntered) {
      if (isEntered) [session.key, session.tenant] = [key.value.trim(), tenant.value.trim()];
      dialog.close();
      dialog.remove();
      resolve(isEntered);
    }
    dialog.addEventListener('cancel', (event) => { event.preventDefault(); end(false); });
    document.body.append(dialog);
    dialog.showModal();
  });
}
