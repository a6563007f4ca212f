using Sophia.Memory.Log;
using Sophia.Memory.Records;
using Sophia.Memory.Stores;

namespace Sophia.Stores.Relational;

/// <summary>What a commit must lock and look up before it can be decided.</summary>
internal sealed class CommitScope
{
    private bool _holdsMore;

    private CommitScope(int[] partitions) => Partitions = partitions;

    /// <summary>Ascending: the order in which they are locked, so that commits cannot deadlock.</summary>
    public int[] Partitions { get; }

    /// <summary>Marks to look up, in one order for everyone.</summary>
    public List<IdempotencyMark> Marks { get; } = [];

    public HashSet<RecordKey> Keys { get; } = [];

    /// <summary>Keys whose current version itself is needed.</summary>
    public HashSet<RecordKey> Merges { get; } = [];

    public HashSet<RecordKey> AppendPrefixes { get; } = [];

    /// <summary>
    /// True when the commit is nothing but puts of different keys that ask for no particular version: if none of the keys is
    /// there yet, what becomes of them is known before anything is looked up.
    /// </summary>
    public bool HoldsOnlyPlainPuts => !_holdsMore && Keys.Count > 0 && Marks.Count == 0;

    public static CommitScope Of(IReadOnlyList<WriteGroup> groups)
    {
        ulong partitions = 0;
        for (var g = 0; g < groups.Count; g++)
        {
            if (groups[g].Guard is { } guard)
            {
                partitions |= 1UL << guard.Namespace.Partition;
            }

            for (var i = 0; i < groups[g].Operations.Count; i++)
            {
                partitions |= 1UL << groups[g].Operations[i].Namespace.Partition;
            }
        }

        var locked = new List<int>(4);
        for (var p = 0; p < Sequence.Partitions; p++)
        {
            if ((partitions & (1UL << p)) != 0)
            {
                locked.Add(p);
            }
        }

        var scope = new CommitScope([.. locked]);
        var marks = new SortedDictionary<(string, UInt128, UInt128), IdempotencyMark>(MarkOrder);
        for (var g = 0; g < groups.Count; g++)
        {
            if (groups[g].Idempotency is { } mark)
            {
                var key = MarkKey.Of(mark);
                marks.TryAdd((key.Tenant, key.HashHigh, key.HashLow), mark);
            }

            if (groups[g].Guard is { } guard)
            {
                scope._holdsMore = true;
                scope.Keys.Add(new(guard.Namespace.Id, guard.Key));
            }

            for (var i = 0; i < groups[g].Operations.Count; i++)
            {
                scope.Add(groups[g].Operations[i]);
            }
        }

        scope.Marks.AddRange(marks.Values);
        return scope;
    }

    public static readonly Comparer<(string Tenant, UInt128 High, UInt128 Low)> MarkOrder = Comparer<(string Tenant, UInt128 High, UInt128 Low)>.Create(static (a, b) =>
        string.CompareOrdinal(a.Tenant, b.Tenant) is var t && t != 0 ? t
        : a.High.CompareTo(b.High) is var h && h != 0 ? h : a.Low.CompareTo(b.Low));

    private void Add(WriteOperation operation)
    {
        var ns = operation.Namespace.Id;
        _holdsMore |= operation is not PutOperation { Draft: { Content: not null, WhenPresent: not WhenPresent.Merge }, Precondition.Match.IsNone: true };
        switch (operation)
        {
            case PutOperation put:
                _holdsMore |= !Keys.Add(new(ns, put.Draft.Key));
                if (put.Draft.WhenPresent == WhenPresent.Merge)
                {
                    Merges.Add(new(ns, put.Draft.Key));
                }

                break;
            case AppendOperation append:
                AppendPrefixes.Add(new(ns, append.Draft.Key));
                break;
            case DeleteOperation delete:
                Keys.Add(new(ns, delete.Key));
                break;
            case ForgetOperation forget:
                Keys.Add(new(ns, forget.Key));
                break;
            case ExpireOperation expire:
                Keys.Add(new(ns, expire.Key));
                break;
            default:
                throw new ArgumentException($"The store does not know {operation.GetType().Name}.", nameof(operation));
        }
    }
}

/// <summary>What the transaction found under its locks.</summary>
internal sealed class CommitState
{
    /// <summary>Last number and last time (ms) of each locked partition; others are zero.</summary>
    public long[] LastNumbers { get; } = new long[Sequence.Partitions];

    public long[] LastRecordedAtMs { get; } = new long[Sequence.Partitions];

    public Dictionary<MarkKey, StoredMark> Marks { get; } = [];

    public Dictionary<RecordKey, RecordHead> Heads { get; } = [];

    /// <summary>The greatest number in use under each append prefix.</summary>
    public Dictionary<RecordKey, long> AppendNumbers { get; } = [];
}
