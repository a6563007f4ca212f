// Keeps the last minute of the tiers' counters: what is new in them, and how fast.
import { perBucket } from '../charts/histogram.js';
import { count } from '../core/format.js';

const WindowMs = 60_000;
const MostMoves = 40;

export class Watch {
  /** How many rates a spark line shows. */
  static Length = 30;

  #seen = [];
  moves = [];

  /** Takes one answer of /v1/tiers. A restart of the service, which begins its counters again, begins the window again. */
  take(tiers, at = Date.now()) {
    const before = this.#seen.at(-1);
    const isRestart = before?.tiers.some((old) => (tiers.find((t) => t.tier === old.tier)?.latency.count ?? 0) < old.latency.count);
    if (isRestart) this.#seen = [];
    else if (before) for (const tier of tiers) this.#compare(before.tiers.find((t) => t.tier === tier.tier), tier, at);
    this.#seen.push({ at, tiers });
    while (this.#seen.length > 2 && at - this.#seen[0].at > WindowMs) this.#seen.shift();
  }

  #compare(old, tier, at) {
    if (!old) return;
    if (old.state !== tier.state) this.#say(tier, at, `${tier.state}${tier.reason ? `: ${tier.reason}` : ''}`);
    if (tier.promotions > old.promotions) this.#say(tier, at, `${count(tier.promotions - old.promotions)} promoted`);
    for (const [reason, n] of Object.entries(tier.evictions)) {
      const more = n - (old.evictions[reason] ?? 0);
      if (more > 0) this.#say(tier, at, `${count(more)} evicted (${reason})`);
    }
    if (tier.errors > old.errors) this.#say(tier, at, `${count(tier.errors - old.errors)} failed`);
  }

  #say(tier, at, text) {
    this.moves.unshift({ tier: tier.tier, at, text });
    this.moves.length = Math.min(this.moves.length, MostMoves);
  }

  #first(name) { return this.#seen[0]?.tiers.find((t) => t.tier === name); }

  /** Counts per bucket within the window; null before there is one. */
  recentBuckets(tier) {
    const first = this.#first(tier.tier);
    if (!first || this.#seen.length < 2) return null;
    const old = perBucket(first.latency.buckets);
    return perBucket(tier.latency.buckets).map((n, i) => Math.max(0, n - (old[i] ?? 0)));
  }

  /** Hits of all tiers within the window. */
  recentHits() {
    const sum = (tiers) => tiers.reduce((all, t) => all + t.hits, 0);
    return this.#seen.length < 2 ? 0 : sum(this.#seen.at(-1).tiers) - sum(this.#seen[0].tiers);
  }

  /** Visits a second between each two answers, oldest first. */
  rates(name) {
    const visits = this.#seen.map(({ at, tiers }) => ({ at, n: tiers.find((t) => t.tier === name)?.latency.count ?? 0 }));
    return visits.slice(1).map((v, i) => Math.max(0, (v.n - visits[i].n) / ((v.at - visits[i].at) / 1000))).slice(-Watch.Length);
  }

  /** The latest rate, as text. */
  rate(name) {
    const last = this.rates(name).at(-1) ?? 0;
    return last === 0 ? '0' : last < 10 ? last.toFixed(1) : count(Math.round(last));
  }
}
