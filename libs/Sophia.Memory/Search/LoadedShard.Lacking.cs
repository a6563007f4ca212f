using Sophia.Memory.Log;
using Sophia.Memory.Models;
using Sophia.Memory.Records;

namespace Sophia.Memory.Search;

/// <summary>Records whose vectors of the shard's model could not be had: what they are found by, and how many there are.</summary>
internal sealed partial class LoadedShard
{
    private readonly HashSet<RecordId> _lacking = [];
    private int _missing;

    /// <summary>Records that are found by words only, since the namespace's model could not be asked for their vectors.</summary>
    public int Missing => Volatile.Read(ref _missing);

    // In place; nearly always there is nothing to do. The places of those that should have a vector and have none.
    private async ValueTask<HashSet<int>?> CompleteAsync(List<LogEntry> entries, CancellationToken cancellationToken)
    {
        List<int>? places = null;
        for (var i = 0; i < entries.Count; i++)
        {
            if (entries[i] is { Kind: ChangeKind.Put, Record: { } record } && !VectorCompletion.IsRight(Namespace.Settings, record))
            {
                (places ??= []).Add(i);
            }
        }

        if (places is null)
        {
            return null;
        }

        var records = places.Select(place => entries[place].Record!).ToArray();
        var lacking = await _vectors.CompleteAsync(Namespace, records, MakesVectors, null, cancellationToken).ConfigureAwait(false);
        for (var i = 0; i < records.Length; i++)
        {
            entries[places[i]] = entries[places[i]] with { Record = records[i] };
        }

        return [.. lacking.Select(i => places[i])];
    }

    // By record, so that one that gets a vector, or goes, is counted no longer.
    private void Lack(RecordId id, bool lacks)
    {
        if (lacks ? _lacking.Add(id) : _lacking.Remove(id))
        {
            Volatile.Write(ref _missing, _lacking.Count);
        }
    }
}
