// The frame of the console: navigation, who is asking, the theme; one page at a time in the middle.
import { call, whenUnauthenticated } from './core/api.js';
import { announce, field, h, put, select } from './core/dom.js';
import { icon, mark } from './core/icons.js';
import { forgetJournal } from './core/journal.js';
import { problemBox } from './core/problem.js';
import { askForKey } from './core/keys.js';
import { confirm } from './core/confirm.js';
import { current, rewrite, to } from './core/route.js';
import { caller, session, theme } from './core/session.js';
import { isOpen, loss } from './core/unsaved.js';
import { isErasing } from './pages/forget.js';
import { browsePage } from './pages/browse.js';
import { changesPage } from './pages/changes.js';
import { importPage } from './pages/import.js';
import { recordPage } from './pages/record.js';
import { requestsPage } from './pages/requests.js';
import { searchPage } from './pages/search.js';
import { tiersPage } from './pages/tiers.js';

const HealthEveryMs = 10_000;

const Pages = {
  tiers: { title: 'Tiers', open: tiersPage, nav: true },
  search: { title: 'Search', open: searchPage, nav: true },
  browse: { title: 'Browse', open: browsePage, nav: true },
  record: { title: 'Record', open: recordPage, under: 'browse' },
  changes: { title: 'Changes', open: changesPage, nav: true },
  import: { title: 'Import', open: importPage, nav: true },
  requests: { title: 'Requests', open: requestsPage, nav: true, short: 'curl' },
};

const main = h('main', { class: 'main', id: 'main', tabindex: '-1' });
const health = h('p', { class: 'health', role: 'status' }, 'asking …');
const who = h('button', { type: 'button', class: 'link side-note', onclick: () => enterKey() });
const links = new Map();
let leaving = new AbortController();
// Who has cancelled is not asked again because an open page asks by itself.
let isDeclined = false;
let isAsking = false;

function frame() {
  const nav = h('nav', { class: 'nav', 'aria-label': 'Pages' }, h('ul', null,
    Object.entries(Pages).filter(([, page]) => page.nav).map(([name, page]) => {
      const link = h('a', { href: to(name) }, icon(name), h('span', null, page.short ?? page.title));
      links.set(name, link);
      return h('li', null, link);
    })));
  const look = select([['auto', 'As the system'], ['light', 'Light'], ['dark', 'Dark']], theme.value, { onchange: () => { theme.value = look.value; } });
  put(document.getElementById('app'), h('div', { class: 'shell' },
    h('header', { class: 'side' },
      h('a', { class: 'brand', href: to('tiers'), 'aria-label': 'Sophia, to the tiers' }, mark(), 'Sophia'),
      nav,
      h('div', { class: 'side-foot' }, health, who, h('a', { class: 'side-note', href: '/docs' }, 'API reference'), field('Theme', look))),
    main),
    h('div', { id: 'live', class: 'sr', 'aria-live': 'polite' }));
}

async function show({ focus = true } = {}) {
  isDeclined = false;
  leaving.abort();
  leaving = new AbortController();
  const { signal } = leaving;
  const route = current();
  const page = Pages[route.page] ?? Pages.tiers;
  document.title = `${page.title} · Sophia`;
  for (const [name, link] of links) {
    if (name === (page.under ?? route.page)) link.setAttribute('aria-current', 'page');
    else link.removeAttribute('aria-current');
  }
  const root = h('div', { class: 'page' }, h('p', { class: 'busy' }, 'Loading …'));
  put(main, root);
  try {
    await page.open(root, { ...route, signal });
  } catch (error) {
    if (signal.aborted) return;
    put(root, problemBox(error, () => show()));
  }
  if (signal.aborted) return;
  main.dataset.page = route.page;
  if (focus) {
    window.scrollTo(0, 0);
    const heading = root.querySelector('h1');
    heading?.setAttribute('tabindex', '-1');
    if (!root.contains(document.activeElement)) heading?.focus({ preventScroll: true });
    announce(page.title);
  }
}

async function leave({ oldURL, newURL }) {
  const question = loss();
  if (question) {
    history.replaceState(null, '', oldURL);
    if (document.querySelector('dialog[open]') || !await confirm({ title: 'Leave this page?', body: h('p', null, question), action: 'Leave it' })) return;
    history.replaceState(null, '', newURL);
  }
  await show();
}

async function enterKey(problem) {
  // However many calls are refused meanwhile, the page is drawn once for the answer.
  if (isAsking) return;
  isAsking = true;
  const before = caller();
  const isFirst = !session.key;
  const isEntered = await askForKey(problem);
  isAsking = false;
  // Who closes a dialog of one's own has not taken back what was said to the service's.
  isDeclined = !isEntered && (isDeclined || Boolean(problem));
  if (isEntered) {
    if (caller() !== before) {
      // Who comes next at this tab may be of another tenant.
      forgetJournal();
      session.namespace = '';
      // The address has what the former one asked.
      if (!isFirst && !isOpen()) rewrite(to('tiers'));
    }
    showIdentity();
    // An open editor goes on with the new key, and a running import says that it has ended.
    await Promise.all([isOpen() || show(), checkHealth()]);
  }
}

function showIdentity() {
  put(who, session.key ? `Key ····${session.key.slice(-4)}${session.tenant ? `, tenant ${session.tenant}` : ''}` : 'Enter an API key');
}

async function checkHealth() {
  let status, text;
  try {
    const { json } = await call('/health', { background: true });
    const away = (json.tiers ?? []).filter((t) => t.reason).map((t) => `${t.tier} ${t.reason}`);
    [status, text] = [json.status, json.status === 'healthy' ? 'healthy' : `${json.status}`];
    health.title = away.join('; ');
  } catch (problem) {
    [status, text] = ['unready', problem.status === 0 ? 'no answer' : 'not ready'];
  }
  // Said again only when it has changed, since a screen reader reads it out.
  if (health.textContent !== text) put(health, text);
  health.className = `health ${status}`;
}

theme.apply();
frame();
showIdentity();
whenUnauthenticated((problem, isBackground) => { if (!(isBackground && isDeclined)) enterKey(problem); });
window.addEventListener('hashchange', leave);
window.addEventListener('beforeunload', (event) => { if (loss() || isErasing()) event.preventDefault(); });
window.addEventListener('keydown', (event) => {
  if (event.key !== '/' || event.ctrlKey || event.metaKey || event.altKey || /^(INPUT|TEXTAREA|SELECT)$/.test(document.activeElement?.tagName) || document.querySelector('dialog[open]')) return;
  event.preventDefault();
  if (current().page === 'search') document.getElementById('query')?.focus();
  else location.hash = to('search');
});
setInterval(() => { if (!document.hidden) checkHealth(); }, HealthEveryMs);
checkHealth();
show({ focus: false });
