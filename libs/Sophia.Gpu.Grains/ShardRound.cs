using Sophia.Memory.Namespaces;
using Sophia.Memory.Search.Cluster;

namespace Sophia.Gpu.Grains;

/// <summary>
/// The shards of a namespace as one search asks them, round by round. One that is missing in a round is not asked again, so that all
/// rounds are of the same shards; one that turns out to have been opened meanwhile is asked too.
/// A new version of a record leaves its shard and comes to one behind it. A shard that has not seen such a change when another has, or
/// may have, let the record go is asked again; else neither would tell the record, which was there all the time.
/// </summary>
/// <param name="ask">Asks a shard; the number is that of the change that it must have seen because of another, 0 for none.</param>
internal sealed class ShardRound(NamespaceInfo ns, ClusterCall call, int shards, Func<int, PartCall, long, Task<ShardReply>> ask)
{
    private readonly Dictionary<int, MissingShard> _missing = [];
    private int _unanswered;

    /// <summary>How many there are.</summary>
    public int Shards { get; private set; } = shards;

    /// <summary>The least that a shard had seen when it gave its candidates.</summary>
    public long Seen { get; private set; }

    /// <summary>Records that shards could not give their vectors to when they gave their candidates.</summary>
    public long WithoutVector { get; private set; }

    /// <inheritdoc cref="ClusterAnswer.LogLag"/>
    public TimeSpan LogLag { get; private set; }

    public IReadOnlyList<MissingShard> Missing => [.. _missing.Values.OrderBy(static missing => missing.Shard)];

    /// <summary>No node answered for any of the shards.</summary>
    public bool IsUnanswered => _unanswered == Shards;

    public async Task<IReadOnlyList<PartAnswer>> AskAsync(PartCall part)
    {
        var replies = new SortedDictionary<int, ShardReply>();
        var gathered = new List<(int Shard, ShardReply Reply)>(Shards);
        for (var (first, known) = (0, Shards); first < known; (first, known) = (known, Shards))
        {
            // Together, and those that these tell of too: each begins to be loaded where it is not there, however many are missing.
            var asked = await Task.WhenAll(Enumerable.Range(first, known - first).Where(shard => !_missing.ContainsKey(shard)).Select(async shard => (shard, Reply: await ask(shard, part, 0))));
            Shards = asked.Select(static one => one.Reply.Shards).Append(Shards).Max();
            gathered.AddRange(asked);
        }

        foreach (var (shard, reply) in gathered)
        {
            Take(replies, shard, reply);
        }

        while (replies.GetValueOrDefault(Shards - 1) is { HasNext: true })
        {
            var opened = Shards++;
            Take(replies, opened, await ask(opened, part, 0));
        }

        if (part.Kind is PartKind.Candidates or PartKind.Surroundings)
        {
            await CatchUpAsync(replies, part);
        }

        if (part.Kind == PartKind.Candidates)
        {
            Seen = replies.Count == 0 ? 0 : replies.Values.Min(static reply => reply.Seen);
            WithoutVector = replies.Values.Sum(static reply => reply.WithoutVector);
            LogLag = replies.Values.Select(static reply => reply.LogLag).DefaultIfEmpty(TimeSpan.Zero).Max();
        }

        return [.. replies.Values.Select(static reply => reply.Part!)];
    }

    // Once in order is enough: records only go to shards behind theirs.
    private async Task CatchUpAsync(SortedDictionary<int, ShardReply> replies, PartCall part)
    {
        var moved = 0L;
        for (var shard = 0; shard < Shards; shard++)
        {
            if (_missing.ContainsKey(shard))
            {
                continue;
            }

            if (!replies.TryGetValue(shard, out var reply) || reply.MayLack(moved))
            {
                replies.Remove(shard);
                reply = await ask(shard, part, moved);
                Take(replies, shard, reply, moved);
            }

            moved = Math.Max(moved, reply.LastMove);
            Shards += shard == Shards - 1 && reply.HasNext ? 1 : 0;
        }
    }

    private void Take(SortedDictionary<int, ShardReply> replies, int shard, ShardReply reply, long required = 0)
    {
        if (reply.Outcome == ShardOutcome.Found)
        {
            replies[shard] = reply;
        }
        else
        {
            _missing[shard] = ShardCluster.MissingOf(ns, shard, call, reply, required);
            _unanswered += reply.IsUnanswered ? 1 : 0;
        }
    }
}
