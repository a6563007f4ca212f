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

    private readonly int[] _rows = new int[Most];

    /// <summary>Changes so far.</summary>
    public long Version { get; private set; }

    public void Add(int row) => _rows[Version++ % Most] = row;

    /// <summary>Adds the rows that changed after a version; false when that is too long ago.</summary>
    public bool TryRead(long since, HashSet<int> rows)
    {
        if (Version - since > Most)
        {
            return false;
        }

        for (var version = since; version < Version; version++)
        {
            rows.Add(_rows[version % Most]);
        }

        return true;
    }
}
