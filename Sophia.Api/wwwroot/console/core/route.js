// Addresses after the #: #/page/part/part?name=value. Parts are percent-encoded, so a key may hold anything.

/** The address as { page, parts, query }. */
export function current() {
  const [path, query = ''] = location.hash.replace(/^#\/?/, '').split('?', 2);
  const [page, ...parts] = path.split('/').map(decode);
  return { page: page || 'tiers', parts, query: new URLSearchParams(query) };
}

function decode(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part; // A % that was typed by hand stands for itself.
  }
}

/** An address to link to. */
export function to(page, parts = [], query = {}) {
  const search = new URLSearchParams(Object.entries(query).filter(([, v]) => v !== undefined && v !== null && v !== '')).toString();
  return `#/${[page, ...parts].map(encodeURIComponent).join('/')}${search ? `?${search}` : ''}`;
}

/** Changes the address without leaving the page. */
export const rewrite = (address) => history.replaceState(null, '', address);
