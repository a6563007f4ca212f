using System.Globalization;
using Sophia.Memory.Log;
using Sophia.Memory.Namespaces;
using Sophia.Memory.Records;
using Sophia.Memory.Stores;

namespace Sophia.Stores.Relational;

/// <summary>A chain of versions to be erased.</summary>
/// <param name="Group">The group that asked for it.</param>
/// <param name="Head">The newest version of the chain.</param>
internal readonly record struct Erasure(int Group, Sequence Head);

/// <summary>A mark to be stored with the results of its group.</summary>
internal readonly record struct NewMark(IdempotencyMark Mark, byte[] Results);

/// <summary>
/// Decides what becomes of the operations of a commit, one after the other, each seeing what those before it did, and
/// collects the rows that make it so. Pure: it reads what was loaded under the locks and touches no database.
/// </summary>
internal sealed partial class CommitPlan
{
    private readonly CommitState _state;
    private readonly ReadOnlyMemory<byte> _secret;
    private readonly long _nowMs;
    private readonly RecordLimits _limits;
    private readonly Dictionary<MarkKey, (IdempotencyMark Mark, WriteOutcome Outcome)> _marksOfThisCommit = [];
    private int _group;
    private List<LogEntry> _groupEntries = [];

    private CommitPlan(CommitState state, ReadOnlyMemory<byte> secret, DateTimeOffset now, RecordLimits limits)
    {
        _state = state;
        _secret = secret;
        _nowMs = UnixTime.ToMs(now);
        _limits = limits;
    }

    /// <summary>New log rows in order; all but forgets have a content row under the same number.</summary>
    public List<LogEntry> Entries { get; } = [];

    public List<Erasure> Erasures { get; } = [];

    /// <summary>Rows of current records to be inserted, updated or deleted.</summary>
    public List<RecordHead> Touched { get; } = [];

    public List<NewMark> Marks { get; } = [];

    public List<WriteOutcome> Outcomes { get; private set; } = [];

    /// <summary>Groups whose append keys are still to be read, with the operations that were appends.</summary>
    public List<(int Group, bool[] Appends)> Replays { get; } = [];

    public bool WritesNothing => Entries.Count == 0 && Marks.Count == 0;

    public long LastNumber(int partition) => _state.LastNumbers[partition];

    public long LastRecordedAtMs(int partition) => _state.LastRecordedAtMs[partition];

    public static CommitPlan Decide(
        IReadOnlyList<WriteGroup> groups, CommitState state, ReadOnlyMemory<byte> secret, DateTimeOffset now, RecordLimits limits)
    {
        var plan = new CommitPlan(state, secret, now, limits);
        for (var g = 0; g < groups.Count; g++)
        {
            plan._group = g;
            plan.Outcomes.Add(plan.Decide(groups[g]));
        }

        if (plan.Outcomes.Exists(static outcome => outcome.Entries.Count == 0))
        {
            Sequence[] last = [.. state.LastNumbers.Index().Where(static partition => partition.Item > 0).Select(static partition => Sequence.Of(partition.Index, partition.Item))];
            plan.Outcomes = plan.Outcomes.ConvertAll(outcome => outcome.Entries.Count == 0 ? outcome with { DecidedAt = last } : outcome);
        }

        return plan;
    }

    /// <summary>Moves what was decided on an empty state to the numbers and the times that the partitions gave it.</summary>
    public void Rebase(CommitState given)
    {
        for (var g = 0; g < Outcomes.Count; g++)
        {
            var receipts = (Receipt[])Outcomes[g].Receipts;
            for (var i = 0; i < receipts.Length; i++)
            {
                receipts[i] = receipts[i] with { Sequence = Moved(receipts[i].Sequence, given) };
            }

            var entries = (List<LogEntry>)Outcomes[g].Entries;
            for (var i = 0; i < entries.Count; i++)
            {
                var sequence = Moved(entries[i].Sequence, given);
                var at = UnixTime.FromMs(given.LastRecordedAtMs[sequence.Partition]);
                var record = entries[i].Record! with { Sequence = sequence, CreatedAt = at, UpdatedAt = at };
                entries[i] = entries[i] with { Sequence = sequence, RecordedAt = at, Record = record };
            }
        }
    }

    /// <summary>Adds what an erasure removed to the outcome of its group.</summary>
    public void CountErased(int group, int versions) =>
        Outcomes[group] = Outcomes[group] with { VersionsErased = Outcomes[group].VersionsErased + versions };

    private WriteOutcome Decide(WriteGroup group)
    {
        if (group.Idempotency is { } mark && FindReplay(mark) is { } replay)
        {
            return replay;
        }

        if (group.Guard is { } guard && CurrentOf(guard) != guard.Current)
        {
            var refused = new Receipt[group.Operations.Count];
            Array.Fill(refused, Receipt.Rejected(RejectReason.PreconditionFailed));
            return new WriteOutcome(refused, new string?[refused.Length], []) { GuardFailed = true };
        }

        _groupEntries = new List<LogEntry>(group.Operations.Count);
        var receipts = new Receipt[group.Operations.Count];
        var keys = new string?[group.Operations.Count];
        for (var i = 0; i < receipts.Length; i++)
        {
            receipts[i] = group.Operations[i] switch
            {
                PutOperation put => Put(put.Namespace, put.Draft, put.Draft.Key, put.Id, put.Precondition),
                AppendOperation append => Append(append, out keys[i]),
                DeleteOperation delete => Delete(delete),
                ForgetOperation forget => Forget(forget),
                ExpireOperation expire => Expire(expire),
                var unknown => throw new ArgumentException($"The store does not know {unknown.GetType().Name}."),
            };
        }

        var outcome = new WriteOutcome(receipts, keys, _groupEntries);
        if (group.Idempotency is { } fresh)
        {
            Marks.Add(new NewMark(fresh, MarkResults.Encode(receipts, keys)));
            _marksOfThisCommit.Add(MarkKey.Of(fresh), (fresh, outcome));
        }

        return outcome;
    }

    private WriteOutcome? FindReplay(IdempotencyMark mark)
    {
        var key = MarkKey.Of(mark);
        if (_marksOfThisCommit.TryGetValue(key, out var earlier))
        {
            return earlier.Mark.RequestHash.AsSpan().SequenceEqual(mark.RequestHash)
                ? new WriteOutcome(earlier.Outcome.Receipts, earlier.Outcome.Keys, [], Replayed: true)
                : new WriteOutcome([], [], [], MarkConflict: true);
        }

        if (!_state.Marks.TryGetValue(key, out var stored))
        {
            return null;
        }

        if (!stored.RequestHash.AsSpan().SequenceEqual(mark.RequestHash))
        {
            return new WriteOutcome([], [], [], MarkConflict: true);
        }

        var (receipts, appends) = MarkResults.Decode(stored.Results);
        if (appends.AsSpan().Contains(true))
        {
            Replays.Add((_group, appends));
        }

        return new WriteOutcome(receipts, new string?[receipts.Length], [], Replayed: true);
    }

    private static Sequence Moved(Sequence relative, CommitState given) =>
        Sequence.Of(relative.Partition, given.LastNumbers[relative.Partition] + relative.Number);

    private Sequence CurrentOf(GroupGuard guard) =>
        Head(guard.Namespace.Id, guard.Key) is { Deleted: false } head ? head.Sequence : Sequence.None;

    private RecordHead? Head(long namespaceId, string key) =>
        _state.Heads.TryGetValue(new RecordKey(namespaceId, key), out var head) && head.Exists ? head : null;

    private RecordHead HeadForWriting(long namespaceId, string key)
    {
        ref var head = ref System.Runtime.InteropServices.CollectionsMarshal.GetValueRefOrAddDefault(
            _state.Heads, new RecordKey(namespaceId, key), out _);
        head ??= new RecordHead { NamespaceId = namespaceId, Key = key };
        if (!head.IsTouched)
        {
            head.IsTouched = true;
            Touched.Add(head);
        }

        return head;
    }

    private (Sequence Sequence, long RecordedAtMs) Next(NamespaceInfo ns)
    {
        ref var time = ref _state.LastRecordedAtMs[ns.Partition];
        time = Math.Max(time, _nowMs);
        return (Sequence.Of(ns.Partition, ++_state.LastNumbers[ns.Partition]), time);
    }

    private void Add(LogEntry entry)
    {
        Entries.Add(entry);
        _groupEntries.Add(entry);
    }

    private Receipt Append(AppendOperation append, out string key)
    {
        var ns = append.Namespace;
        ref var number = ref System.Runtime.InteropServices.CollectionsMarshal.GetValueRefOrAddDefault(
            _state.AppendNumbers, new RecordKey(ns.Id, append.Draft.Key), out _);
        do
        {
            number++;
            key = append.Draft.Key + number.ToString("D10", CultureInfo.InvariantCulture);
        }
        while (Head(ns.Id, key) is not null); // a put of this very commit may have taken the key

        return Put(ns, append.Draft, key, RecordId.Of(_secret.Span, ns.Id, key), Precondition.None);
    }
}
