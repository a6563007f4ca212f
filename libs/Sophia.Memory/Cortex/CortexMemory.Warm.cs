using Sophia.Memory.Hierarchy;
using Sophia.Memory.Namespaces;
using Sophia.Memory.Records;

namespace Sophia.Memory.Cortex;

/// <summary>An answer or a vector as it is kept, from outside: of a copy of the cache.</summary>
/// <param name="Namespace">The reserved namespace that it was kept in; of other dimensions than today's, it is passed over.</param>
/// <param name="Attributes">A JSON object, UTF-8; empty when there are none.</param>
public sealed record KeptCopy(
    string Tenant, string Namespace, string Key, string ContentType, byte[] Content, float[]? Vector, byte[] Attributes, DateTimeOffset ExpiresAt);

public sealed partial class CortexMemory
{
    private const int WarmAtOnce = 200;

    /// <summary>Keeps answers of a copy where there are none; what is here already stays.</summary>
    /// <returns>How many were kept.</returns>
    /// <exception cref="Stores.StoreUnavailableException"/>
    public async Task<int> WarmAsync(IReadOnlyList<KeptCopy> copies, CancellationToken cancellationToken)
    {
        var (kept, now, wanted) = (0, _clock.GetUtcNow(), HomeName(isResident: false));
        foreach (var tenant in copies.Where(copy => copy.Namespace == wanted && copy.ExpiresAt > now).GroupBy(static copy => copy.Tenant))
        {
            if (await HomeAsync(tenant.Key, isResident: false, new Trail(), cancellationToken).ConfigureAwait(false) is not { } home)
            {
                continue;
            }

            foreach (var some in tenant.Chunk(WarmAtOnce))
            {
                var puts = some.Select(copy => new PutRequest(new RecordDraft
                {
                    Key = copy.Key, Kind = ContentKind.Bytes, ContentType = copy.ContentType, Content = copy.Content, Attributes = copy.Attributes, ExpiresAt = copy.ExpiresAt,
                    Vector = copy.Vector?.Length == home.Settings.Dimensions && home.Settings.VectorSource == VectorSource.Caller ? copy.Vector : null,
                    WhenPresent = WhenPresent.Reject,
                })).ToArray();
                var written = await _memory.PutAsync(home, puts, null, new Trail(), cancellationToken).ConfigureAwait(false);
                kept += written.Receipts.Count(static receipt => !receipt.IsRejected);
            }
        }

        return kept;
    }
}
