// Keeps the last minute of the tiers' counters: what is new in them, and how fast. Behind one address there may be several
// processes, and each counts for itself from its start on; so each has a minute of its own.
import { perBucket } from '../charts/histogram.js';
import { count } from '../core/format.js';

const WindowMs = 60_000;
const MostMoves = 40;

export class Watch {
  /** How many rates a spark line shows. */
  static Length = 30;

  #windows = new Map();
  // Of the process that answered last.
  #seen = [];
  moves = [];

  /** Takes one answer of /v1/tiers. */
  take({ tiers, process = { id: '' } }, at = Date.now()) {
    // Also this one's own: a tab that was hidden for an hour has nothing to say of the last minute.
    for (const [id, seen] of this.#windows) if (at - seen.at(-1).at > WindowMs) this.#windows.delete(id);
    if (!this.#windows.has(process.id)) this.#windows.set(process.id, []);
    this.#seen = this.#windows.get(process.id);
    const before = this.#seen.at(-1);
    if (before) for (const tier of tiers) this.#compare(before.tiers.find((t) => t.tier === tier.tier), tier, at);
    this.#seen.push({ at, tiers });
    while (this.#seen.length > 2 && at - this.#seen[0].at > WindowMs) this.#seen.shift();
  }

  /** How many processes answered within the window. */
  get processes() { return this.#windows.size; }

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
