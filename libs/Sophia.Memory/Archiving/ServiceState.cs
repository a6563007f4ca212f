using Sophia.Memory.Hierarchy;
using Sophia.Memory.Log;
using Sophia.Memory.Namespaces;
using Sophia.Memory.Records;
using Sophia.Memory.Stores;

namespace Sophia.Memory.Archiving;

/// <summary>
/// Small states of the service itself, such as a cursor or a lease, shared by all of its processes: records of a reserved,
/// resident namespace that no caller can name. A write is done only if nobody wrote since the value was read.
/// </summary>
public sealed class ServiceState(MemoryHierarchy memory)
{
    /// <summary>A tenant that no key can be good for.</summary>
    internal const string Tenant = "$service";

    /// <param name="Value">Null when there is none.</param>
    /// <param name="At">The version that was read; none when there is none.</param>
    public readonly record struct Read(byte[]? Value, Sequence At);

    /// <summary>The value as the store has it now.</summary>
    /// <exception cref="StoreUnavailableException"/>
    public async Task<Read> ReadAsync(string key, CancellationToken cancellationToken)
    {
        var ns = await NamespaceAsync(cancellationToken).ConfigureAwait(false);
        var record = await memory.Store.GetAsync(ns, key, cancellationToken).ConfigureAwait(false);
        return record is null ? default : new Read(record.Content.ToArray(), record.Sequence);
    }

    /// <summary>Writes the next value; durable when the task completes.</summary>
    /// <param name="at">The version that this one follows; none when there must be none.</param>
    /// <returns>The new version; null when another process wrote since, and nothing was done.</returns>
    /// <exception cref="StoreUnavailableException"/>
    public async Task<Sequence?> WriteAsync(string key, byte[] value, Sequence at, CancellationToken cancellationToken)
    {
        var ns = await NamespaceAsync(cancellationToken).ConfigureAwait(false);
        var draft = new RecordDraft { Key = key, Kind = ContentKind.Bytes, Content = value, ContentType = "application/json" };
        var answer = await memory.PutAsync(ns, [new PutRequest(draft, new Precondition(at.IsNone, at))], null, new Trail(), cancellationToken).ConfigureAwait(false);
        return answer.Receipts[0].IsRejected ? null : answer.Receipts[0].Sequence;
    }

    private ValueTask<NamespaceInfo> NamespaceAsync(CancellationToken cancellationToken) => memory.ReserveNamespaceAsync(
        Tenant, "$state",
        new NamespaceSettings { VectorSource = VectorSource.None, Language = "none", Resident = true, LogRetention = TimeSpan.FromHours(1) }, cancellationToken);
}
