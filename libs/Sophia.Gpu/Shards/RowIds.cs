using Sophia.Memory.Records;

namespace Sophia.Gpu.Shards;

/// <summary>
/// The row of each record, in 64 tables: a table that grows moves a sixty-fourth of the entries, so that no write waits for
/// a million of them.
/// </summary>
internal sealed class RowIds
{
    private const int TablesLog2 = 6;
    private readonly Dictionary<RecordId, int>[] _tables = new Dictionary<RecordId, int>[1 << TablesLog2];

    public int Count { get; private set; }

    public bool TryGetValue(RecordId id, out int row)
    {
        if (_tables[TableOf(id)] is { } table)
        {
            return table.TryGetValue(id, out row);
        }

        row = -1;
        return false;
    }

    public void Add(RecordId id, int row)
    {
        (_tables[TableOf(id)] ??= []).Add(id, row);
        Count++;
    }

    public void Remove(RecordId id)
    {
        if (_tables[TableOf(id)] is { } table && table.Remove(id))
        {
            Count--;
        }
    }

    private static int TableOf(RecordId id) => (int)(((uint)id.GetHashCode() * 0x9E3779B1u) >> (32 - TablesLog2));
}
