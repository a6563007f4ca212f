using Sophia.Memory.Log;
using Sophia.Memory.Namespaces;
using Sophia.Memory.Records;
using Sophia.Memory.Stores;

namespace Sophia.Stores.Relational;

internal sealed partial class CommitPlan
{
    /// <exception cref="Sophia.Memory.Hierarchy.RefusedException">too-large: what is merged into.</exception>
    private Receipt Put(NamespaceInfo ns, RecordDraft draft, string key, RecordId id, Precondition precondition)
    {
        var head = Head(ns.Id, key);
        var lives = head is not null && head.Lives(_nowMs);
        if (Refuse(precondition, head, lives) is { } refused)
        {
            return refused;
        }

        if (lives && draft.WhenPresent == WhenPresent.Reject)
        {
            return Receipt.Rejected(RejectReason.AlreadyExists, head!.Version, head.Sequence);
        }

        var merges = draft.WhenPresent == WhenPresent.Merge;
        if (merges && !lives && draft.Content is null)
        {
            return Receipt.Rejected(RejectReason.NotFound);
        }

        if (merges && lives && head!.Record is null)
        {
            throw MergedBytes.Refusal();
        }

        var record = merges ? Merge(ns, draft, key, id, lives ? head!.Record : null) : Fresh(ns, draft, key, id);
        if (merges && (record.Tags.Count > _limits.Tags || record.Attributes.Length > _limits.AttributeBytes))
        {
            return Receipt.Rejected(RejectReason.TooLarge, head?.Version ?? 0, head?.Sequence ?? default);
        }

        var hash = ContentHash.Of(record);
        if (lives && head!.ContentHash == hash)
        {
            return new Receipt(ReceiptStatus.Unchanged, RejectReason.None, head.Version, head.Sequence);
        }

        var previous = head?.Sequence ?? Sequence.None;
        var (sequence, recordedAtMs) = Next(ns);
        head = HeadForWriting(ns.Id, key);
        record = record with
        {
            Version = previous.IsNone ? 1 : head.Version + 1,
            Sequence = sequence,
            CreatedAt = UnixTime.FromMs(lives ? head.CreatedAtMs : recordedAtMs),
            UpdatedAt = UnixTime.FromMs(recordedAtMs),
        };
        head.Exists = true;
        head.Id = id;
        head.Sequence = sequence;
        head.Version = record.Version;
        head.Deleted = false;
        head.CreatedAtMs = UnixTime.ToMs(record.CreatedAt);
        head.ExpiresAtMs = UnixTime.ToMs(record.ExpiresAt);
        head.ContentHash = hash;
        head.Record = record;
        Add(new LogEntry(sequence, ns.Id, id, ChangeKind.Put, record.Version, previous, record.UpdatedAt, record, key));
        var status = !lives ? ReceiptStatus.Stored : merges ? ReceiptStatus.Merged : ReceiptStatus.Replaced;
        return new Receipt(status, RejectReason.None, record.Version, sequence);
    }

    private static Receipt? Refuse(Precondition precondition, RecordHead? head, bool lives)
    {
        if (precondition.MustNotExist && lives)
        {
            return Receipt.Rejected(RejectReason.AlreadyExists, head!.Version, head.Sequence);
        }

        return !precondition.Match.IsNone && (!lives || head!.Sequence != precondition.Match)
            ? Receipt.Rejected(RejectReason.PreconditionFailed, head?.Version ?? 0, head?.Sequence ?? default)
            : null;
    }

    private static MemoryRecord Fresh(NamespaceInfo ns, RecordDraft draft, string key, RecordId id) => new()
    {
        NamespaceId = ns.Id,
        Key = key,
        Id = id,
        Kind = draft.Kind,
        Content = draft.Content ?? throw new ArgumentException("A draft that does not merge has content.", nameof(draft)),
        ContentType = draft.ContentType,
        Tags = draft.Tags,
        Attributes = draft.Attributes,
        Provenance = draft.Provenance,
        Vector = draft.Vector,
        VectorModel = draft.VectorModel,
        ExpiresAt = UnixTime.Truncate(draft.ExpiresAt),
        ValidFrom = UnixTime.Truncate(draft.ValidFrom),
        ValidTo = UnixTime.Truncate(draft.ValidTo),
    };

    private static MemoryRecord Merge(NamespaceInfo ns, RecordDraft draft, string key, RecordId id, MemoryRecord? old)
    {
        if (old is null)
        {
            return Fresh(ns, draft, key, id) with { Attributes = MergePatch.Apply(default, draft.Attributes) };
        }

        var merged = old with
        {
            Tags = Unite(old.Tags, draft.Tags),
            Attributes = MergePatch.Apply(old.Attributes, draft.Attributes),
            Provenance = draft.Provenance ?? old.Provenance,
            ExpiresAt = UnixTime.Truncate(draft.ExpiresAt) ?? old.ExpiresAt,
            ValidFrom = UnixTime.Truncate(draft.ValidFrom) ?? old.ValidFrom,
            ValidTo = UnixTime.Truncate(draft.ValidTo) ?? old.ValidTo,
        };
        if (draft.Content is { } content)
        {
            // A model's vector of the old content says nothing about the new one; a caller's own vector is the caller's to change.
            var keepsVector = draft.Vector is null && old.VectorModel is null;
            merged = merged with
            {
                Content = content,
                Kind = draft.Kind,
                ContentType = draft.ContentType,
                Vector = keepsVector ? old.Vector : draft.Vector,
                VectorModel = keepsVector ? null : draft.VectorModel,
            };
        }
        else if (draft.Vector is not null)
        {
            merged = merged with { Vector = draft.Vector, VectorModel = draft.VectorModel };
        }

        return merged;
    }

    private static IReadOnlyList<string> Unite(IReadOnlyList<string> old, IReadOnlyList<string> added)
    {
        if (added.Count == 0)
        {
            return old;
        }

        var tags = new List<string>(old);
        var known = new HashSet<string>(old, StringComparer.Ordinal);
        for (var i = 0; i < added.Count; i++)
        {
            if (known.Add(added[i]))
            {
                tags.Add(added[i]);
            }
        }

        return tags;
    }

    private Receipt Delete(DeleteOperation delete)
    {
        var ns = delete.Namespace;
        var head = Head(ns.Id, delete.Key);
        var lives = head is not null && head.Lives(_nowMs);
        if (Refuse(delete.Precondition, head, lives) is { } refused)
        {
            return refused;
        }

        return lives ? TakeAway(ns, head!, ChangeKind.Delete) : Receipt.Rejected(RejectReason.NotFound);
    }

    private Receipt Expire(ExpireOperation expire)
    {
        var head = Head(expire.Namespace.Id, expire.Key);
        if (head is null || head.Deleted || head.Sequence != expire.Current || head.Lives(_nowMs))
        {
            return Receipt.Rejected(RejectReason.PreconditionFailed, head?.Version ?? 0, head?.Sequence ?? default);
        }

        Erasures.Add(new Erasure(_group, head.Sequence));
        return TakeAway(expire.Namespace, head, ChangeKind.Expire);
    }

    /// <summary>The key stays, marked as deleted, so that a later version counts on.</summary>
    private Receipt TakeAway(NamespaceInfo ns, RecordHead head, ChangeKind kind)
    {
        var (sequence, recordedAtMs) = Next(ns);
        HeadForWriting(ns.Id, head.Key);
        var previous = head.Sequence;
        head.Sequence = sequence;
        head.Version++;
        head.Deleted = true;
        head.ExpiresAtMs = null;
        head.ContentHash = default;
        head.Record = null;
        Add(new LogEntry(sequence, ns.Id, head.Id, kind, head.Version, previous, UnixTime.FromMs(recordedAtMs), null, head.Key));
        return new Receipt(ReceiptStatus.Deleted, RejectReason.None, head.Version, sequence);
    }

    private Receipt Forget(ForgetOperation forget)
    {
        var ns = forget.Namespace;
        if (Head(ns.Id, forget.Key) is not { } head)
        {
            return Receipt.Rejected(RejectReason.NotFound);
        }

        var (sequence, recordedAtMs) = Next(ns);
        HeadForWriting(ns.Id, head.Key);
        Erasures.Add(new Erasure(_group, head.Sequence));
        Add(new LogEntry(sequence, ns.Id, head.Id, ChangeKind.Forget, head.Version + 1, head.Sequence, UnixTime.FromMs(recordedAtMs), null, null));
        var receipt = new Receipt(ReceiptStatus.Forgotten, RejectReason.None, head.Version + 1, sequence);
        head.Exists = false;
        head.Sequence = Sequence.None;
        head.Version = 0;
        head.Record = null;
        return receipt;
    }
}
