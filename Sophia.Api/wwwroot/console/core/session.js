// What this tab knows: the key (kept in sessionStorage only, so it goes when the tab is closed), the tenant, the namespace.

const read = (name) => sessionStorage.getItem(`sophia.${name}`) ?? '';

function write(name, value) {
  if (value) sessionStorage.setItem(`sophia.${name}`, value);
  else sessionStorage.removeItem(`sophia.${name}`);
}

export const session = {
  get key() { return read('key'); },
  set key(value) { write('key', value); },
  get tenant() { return read('tenant'); },
  set tenant(value) { write('tenant', value); },
  get namespace() { return read('namespace'); },
  set namespace(value) { write('namespace', value); },
};

/** Who is asking now, as one text that another key or tenant changes. */
export const caller = () => `${session.key} ${session.tenant}`;

/** auto, light or dark; the one setting that outlives the tab. */
export const theme = {
  get value() { return localStorage.getItem('sophia.theme') ?? 'auto'; },
  set value(value) {
    localStorage.setItem('sophia.theme', value);
    theme.apply();
  },
  apply() {
    const value = theme.value;
    if (value === 'auto') delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = value;
  },
};
