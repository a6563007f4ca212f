using Sophia.Memory.Log;
using Sophia.Memory.Records;

namespace Sophia.Gpu.Shards;

/// <summary>
/// The sequences of the last removals, so that an older version that comes late is not taken for a new record. The cursor
/// feeds a shard in log order and repeats at most one batch, so that the newest 65,536 marks are more than enough.
/// </summary>
internal sealed class RemovalMarks
{
    public const int Most = 65_536;

    private readonly Dictionary<RecordId, Sequence> _marks = [];
    private readonly Queue<(RecordId Id, Sequence Sequence)> _order = new();

    public long SizeInMemory => _order.Count * (24L + 44);

    public void Add(RecordId id, Sequence sequence)
    {
        if (_marks.TryGetValue(id, out var known) && known.Value >= sequence.Value)
        {
            return;
        }

        _marks[id] = sequence;
        _order.Enqueue((id, sequence));
        while (_order.Count > Most)
        {
            var (oldId, oldSequence) = _order.Dequeue();
            if (_marks.TryGetValue(oldId, out var current) && current == oldSequence)
            {
                _marks.Remove(oldId);
            }
        }
    }

    /// <summary>True when the record was removed at this sequence or after it.</summary>
    public bool Covers(RecordId id, Sequence sequence) => _marks.TryGetValue(id, out var mark) && mark.Value >= sequence.Value;
}
