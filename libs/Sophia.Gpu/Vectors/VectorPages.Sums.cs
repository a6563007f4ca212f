using Sophia.Memory.Search;

namespace Sophia.Gpu.Vectors;

/// <summary>
/// Checks of originals that lie in files: a sum for each row (<see cref="RowSum"/>), kept in memory. Compared for every row that is
/// scored from its original, and for a few more with each search, so that all are looked at in time. Rows in memory have none.
/// </summary>
internal sealed unsafe partial class VectorPages
{
    private readonly uint _sumOfZeros;
    private uint[]?[] _sums = [];
    private int _nextChecked;

    /// <summary>The stored row, to be read while nobody changes the pages.</summary>
    /// <exception cref="ShardDamagedException">It is not what was written.</exception>
    public ReadOnlySpan<float> Checked(int slot)
    {
        RequireIntact(slot);
        return Row(slot);
    }

    /// <summary>To be called while nobody changes the pages.</summary>
    /// <exception cref="ShardDamagedException">The row is not what was written.</exception>
    public void RequireIntact(int slot)
    {
        if (!Snapshot().IsIntact(slot))
        {
            throw Damage(slot);
        }
    }

    /// <summary>Counts the row as damaged.</summary>
    public static ShardDamagedException Damage(int slot)
    {
        VectorMeters.Damaged.Add(1);
        return new ShardDamagedException($"The vector in place {slot:N0} of a shard is not what was written there: its file was damaged.");
    }

    /// <summary>Looks at the next few rows in turn. To be called while nobody changes the pages.</summary>
    /// <exception cref="ShardDamagedException"/>
    public void RequireNextIntact(int rows)
    {
        if (_sums.Length == 0 || _used == 0)
        {
            return;
        }

        // Those before the first file have no sums; a lost race looks at the same rows twice.
        var first = Array.FindIndex(_sums, static sums => sums is not null) << _rowsPerPageLog2;
        for (var i = 0; i < rows; i++)
        {
            var next = _nextChecked >= first && _nextChecked < _used ? _nextChecked : first;
            _nextChecked = next + 1;
            if (next < _used)
            {
                RequireIntact(next);
            }
        }
    }

    /// <summary>A page of originals was added.</summary>
    private void AddSums(int page)
    {
        if (!_originals.IsInFile(page))
        {
            return;
        }

        if (_sums.Length <= page)
        {
            // A copy, so that scans under way keep what they hold.
            Array.Resize(ref _sums, (page + 1) * 2);
        }

        var sums = new uint[RowsPerPage];
        Array.Fill(sums, _sumOfZeros);
        _sums[page] = sums;
    }

    private void SumUp(int slot)
    {
        if (slot >> _rowsPerPageLog2 is var page && page < _sums.Length && _sums[page] is { } sums)
        {
            sums[slot & (RowsPerPage - 1)] = RowSum.Of(Row(slot));
        }
    }
}
