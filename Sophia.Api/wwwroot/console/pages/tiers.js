// Tiers: what serves, how fast against which budget, and what moves between them, asked for every two seconds.
import { call } from '../core/api.js';
import { announce, h, put } from '../core/dom.js';
import { brief, bytes, clock, count, ms, plural, ratio } from '../core/format.js';
import { problemBox } from '../core/problem.js';
import { everyTick, LongestAnswerMs } from '../core/ticks.js';
import { histogram } from '../charts/histogram.js';
import { shares } from '../charts/shares.js';
import { spark } from '../charts/spark.js';
import { Watch } from './tier-watch.js';
import { processStrip } from './process.js';

const EveryMs = 2000;
const All = ['L0', 'L1', 'L2', 'L3', 'L4', 'L5'];
const Absent = { L4: 'knowledge graph', L5: 'workflow memory' };

export async function tiersPage(root, { signal }) {
  const watch = new Watch();
  const failure = h('div');
  const summary = h('p');
  const origins = h('section', { class: 'card', 'aria-labelledby': 'origins' });
  const strata = h('div', { class: 'strata' });
  const moves = h('ol', { class: 'moves', role: 'log', 'aria-label': 'Promotions and evictions', 'aria-live': 'off' });
  const log = h('p', { class: 'note number' });
  const process = h('section', { class: 'card', 'aria-labelledby': 'process', hidden: true });
  let states = '';

  // Drawn anew only when it is another one: each time it is read out.
  let failed = '';
  const fail = (problem) => {
    const text = problem ? `${problem.code} ${problem.message}` : '';
    if (text !== failed) put(failure, problem && problemBox(problem));
    failed = text;
  };

  const draw = ({ json }) => {
    watch.take(json);
    fail(null);
    put(summary, sentence(json.tiers));
    put(origins, h('h2', { id: 'origins' }, 'Where answers came from'), originShares(watch, json.tiers));
    put(strata, All.map((name) => {
      const tier = json.tiers.find((t) => t.tier === name);
      return tier ? stratum(tier, watch) : h('section', { class: `stratum absent tone-${name.toLowerCase()}` },
        h('p', { class: 'stratum-id stratum-name' }, h('b', null, name), h('span', null, Absent[name] ?? '')), h('p', { class: 'note' }, 'not part of this service yet'));
    }));
    put(moves, watch.moves.map(move));
    put(log, `The log holds ${plural(json.log.entries, 'entry', 'entries')}; this process is ${ms(json.log.lagMs)} behind it.${watch.processes > 1 ? ` ${count(watch.processes)} processes answered within the last minute; the figures are those of the last.` : ''}`);
    const said = json.tiers.map((t) => `${t.tier} ${t.state}`).join(', ');
    if (states && said !== states) announce(said);
    states = said;
  };

  // One that is never answered must not keep the next from being asked.
  const ask = async () => draw(await call('/v1/tiers', { signal: AbortSignal.any([signal, AbortSignal.timeout(LongestAnswerMs)]), background: true }));
  await ask();
  put(root,
    h('div', { class: 'page-head' }, h('div', null, h('h1', null, 'Tiers'), summary)),
    failure, h('div', { class: 'tiers-page' },
      h('div', { class: 'stack' }, strata, process),
      h('aside', { class: 'stack' }, origins,
        h('section', { class: 'card', 'aria-labelledby': 'moves' }, h('h2', { id: 'moves' }, 'What moves'), moves, log))));
  everyTick(EveryMs, async () => {
    try {
      await ask();
    } catch (error) {
      if (!signal.aborted) fail(error);
    }
  }, signal);
  everyTick(EveryMs, processStrip(process, signal), signal)();
}

function sentence(tiers) {
  const away = tiers.filter((t) => t.state === 'down' || t.state === 'degraded');
  return away.length > 0 ? away.map((t) => `${t.tier} is ${t.state}${t.reason ? ` (${t.reason})` : ''}.`).join(' ')
    : 'The hottest on top. Full bars are the last minute, pale ones all since this process started; hatched is over budget.';
}

function originShares(watch, tiers) {
  const whole = tiers.reduce((sum, t) => sum + t.hits, 0);
  const parts = tiers.map((t) => ({ name: t.tier, value: t.hits, text: whole === 0 ? '–' : ratio(t.hits / whole), tone: `tone-${t.tier.toLowerCase()}` }));
  return [shares(parts, { label: 'Hits by tier', total: whole }),
    h('p', { class: 'note number' }, whole === 0 ? 'No answer yet. Search or read something and watch it arrive.' : `${plural(whole, 'hit')} since the start, ${count(watch.recentHits())} in the last minute.`)];
}

function stratum(tier, watch) {
  const tone = `tone-${tier.tier.toLowerCase()}`;
  const recent = watch.recentBuckets(tier);
  const { latency } = tier;
  const asked = tier.hits + tier.misses;
  const isTimed = latency.count > 0;
  const overShare = isTimed ? latency.overBudget / latency.count : null;
  return h('section', { class: `stratum ${tone} is-${tier.state}`, 'aria-label': `${tier.tier}, ${tier.name}` },
    h('div', { class: 'stratum-id' },
      h('p', { class: 'stratum-name' }, h('b', null, tier.tier), h('span', null, tier.name)),
      h('p', { class: `state ${tier.state}` }, tier.state),
      h('p', { class: 'engine' }, tier.engine),
      tier.reason && h('p', { class: 'reason' }, tier.reason),
      memory(tier)),
    h('div', { class: 'stratum-latency' },
      !isTimed
        ? h('p', { class: 'note' }, `${asked === 0 ? 'Nothing asked of it yet.' : 'It only gave searches their records so far, which is not timed by itself.'} Its budget is ${ms(tier.budgetMs)}.`)
        : histogram({ buckets: latency.buckets, recent, budgetMs: tier.budgetMs, label: `Latency of ${tier.tier}: half within ${ms(latency.p50Ms)}, 99 % within ${ms(latency.p99Ms)}, budget ${ms(tier.budgetMs)}` }),
      h('div', { class: 'stratum-rate' }, spark(watch.rates(tier.tier), Watch.Length, `${tier.tier}: ${watch.rate(tier.tier)} visits a second`),
        h('span', { class: 'number' }, `${watch.rate(tier.tier)}/s`))),
    h('dl', { class: 'figures' },
      figure('p50', isTimed ? ms(latency.p50Ms) : '–'), figure('p95', isTimed ? ms(latency.p95Ms) : '–'),
      figure('p99', isTimed ? ms(latency.p99Ms) : '–', latency.p99Ms > tier.budgetMs),
      figure('over budget', overShare === null ? '–' : ratio(overShare), overShare > 0.01),
      figure('hit ratio', ratio(tier.hitRatio)), figure('asked', brief(asked)),
      figure('promoted', brief(tier.promotions)), figure('evicted', brief(Object.values(tier.evictions).reduce((a, b) => a + b, 0))), figure('errors', brief(tier.errors), tier.errors > 0)));
}

const figure = (name, value, isBad) => h('div', { class: isBad ? 'bad' : '' }, h('dt', null, name), h('dd', null, value));

function memory(tier) {
  if (tier.usedBytes === null) return null;
  if (!tier.limitBytes) return h('p', { class: 'memory number' }, bytes(tier.usedBytes));
  const share = Math.min(1, tier.usedBytes / tier.limitBytes);
  return h('div', { class: 'memory' },
    h('div', { class: 'memory-bar', role: 'meter', 'aria-label': `Memory of ${tier.tier}`, 'aria-valuemin': 0, 'aria-valuemax': tier.limitBytes, 'aria-valuenow': tier.usedBytes, 'aria-valuetext': `${bytes(tier.usedBytes)} of ${bytes(tier.limitBytes)}` },
      h('span', { style: { width: `${share * 100}%` } })),
    h('p', { class: 'number' }, `${bytes(tier.usedBytes)} of ${bytes(tier.limitBytes)}`));
}

const move = (m) => h('li', { class: `tone-${m.tier.toLowerCase()}` },
  h('span', { class: 'tier-chip' }, m.tier), h('span', null, m.text), h('time', { class: 'number' }, clock(m.at)));
