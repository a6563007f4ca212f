namespace Sophia.Gpu.Shards;

/// <summary>
/// The rows that changed last, in order, so that a scan that ran without the lock can be brought up to the moment of its end:
/// what changed meanwhile is scored as it is then. A record that moved past the scan, from a page not yet read to one already
/// read, is found all the same.
/// </summary>
internal sealed class ChangedRows
{
    /// <summary>More changes than this during one scan, and it must be made again.</summary>
    public const int Most = 8_192;

    private int[] _rows = new int[64];

    /// <summary>Changes so far.</summary>
    public long Version { get; private set; }

    public long SizeInMemory => _rows.Length * sizeof(int);

    public void Add(int row)
    {
        if (Version == _rows.Length && _rows.Length < Most)
        {
            Array.Resize(ref _rows, _rows.Length * 2);
        }

        _rows[Version++ & (_rows.Length - 1)] = row;
    }

    /// <summary>Adds the rows that changed after a version; false when that is too long ago.</summary>
    public bool TryRead(long since, HashSet<int> rows)
    {
        if (Version - since > Most)
        {
            return false;
        }

        for (var version = since; version < Version; version++)
        {
            rows.Add(_rows[version & (_rows.Length - 1)]);
        }

        return true;
    }
}
