using System.Runtime.InteropServices;
using Sophia.Gpu.Text;

namespace Sophia.Gpu.Shards;

/// <summary>
/// Keeps many copies of one text from flooding a search by vector that folds near-duplicates.
/// <list type="number">
/// <item>Rows with the same words and symbols and the same vector, to the bit, are twins. They are known by a 64-bit hash of both.</item>
/// <item>Twins have one score, and fold on one hit: if one of them that was looked at became a hit, on that; if it was folded,
/// on the same.</item>
/// <item>So when hits are missing for near-duplicates, and the twins of what was looked at are more than a wider search
/// would reach, it is made without them. The first of them by key is a candidate for all, and they are named after the
/// search where they would have been met one by one.</item>
/// </list>
/// For one search; without it each widening would score and order them all anew.
/// </summary>
internal sealed class Twins
{
    private const int Lanes = 4;
    private readonly HashSet<ulong> _known = [];
    private ulong _mayBe;

    /// <summary>The same for the same words and symbols and the same vector; never 0.</summary>
    /// <param name="content">Of the words and symbols, in their order.</param>
    /// <param name="vector">As it is stored, a multiple of 16 long.</param>
    public static ulong HashOf(ulong content, ReadOnlySpan<float> vector)
    {
        // Four at once hide that each product waits for the one before.
        Span<ulong> lanes = [content, 1, 2, 3];
        var words = MemoryMarshal.Cast<float, ulong>(vector);
        for (var i = 0; i + Lanes <= words.Length; i += Lanes)
        {
            lanes[0] = TermHash.Then(lanes[0], words[i]);
            lanes[1] = TermHash.Then(lanes[1], words[i + 1]);
            lanes[2] = TermHash.Then(lanes[2], words[i + 2]);
            lanes[3] = TermHash.Then(lanes[3], words[i + 3]);
        }

        var hash = TermHash.Then(TermHash.Then(TermHash.Then(lanes[0], lanes[1]), lanes[2]), lanes[3]);
        return hash == 0 ? 1 : hash;
    }

    /// <summary>The row was looked at: it became a hit, or was folded.</summary>
    /// <param name="twin">Its hash; 0 for one without twins.</param>
    public void Add(ulong twin)
    {
        if (twin != 0)
        {
            _known.Add(twin);
            _mayBe |= 1UL << (int)(twin & 63);
        }
    }

    /// <summary>The twins among the rows that pass, and the rows that are left without them; null where they are no more than so many.</summary>
    /// <param name="passing">Null for all.</param>
    public Found? Find(RowTable rows, RowSet? passing, int most)
    {
        var groups = new Dictionary<ulong, List<int>>();
        var count = 0;
        var twins = rows.Twins;
        for (var row = 0; row < rows.Used && _mayBe != 0; row++)
        {
            var twin = twins[row];
            if (((_mayBe >> (int)(twin & 63)) & 1) == 0 || !_known.Contains(twin) || passing?.Contains(row) == false)
            {
                continue;
            }

            if (!groups.TryGetValue(twin, out var group))
            {
                groups.Add(twin, group = []);
            }

            group.Add(row);
            count++;
        }

        return count > most ? new Found([.. groups.Values], count, Rest(rows, passing, groups.Values)) : null;
    }

    private static RowSet Rest(RowTable rows, RowSet? passing, IEnumerable<List<int>> groups)
    {
        var rest = passing?.Copy() ?? new RowSet(rows.Used);
        for (var chunk = 0; passing is null && chunk < rows.Chunks; chunk++)
        {
            rest.Add(chunk, rows.LiveOf(chunk));
        }

        foreach (var group in groups)
        {
            foreach (var row in group)
            {
                rest.Remove(row);
            }
        }

        return rest;
    }

    /// <param name="Groups">Rows that are twins of each other; none is empty.</param>
    /// <param name="Count">Rows in them.</param>
    /// <param name="Rest">The others that pass.</param>
    internal sealed record Found(IReadOnlyList<List<int>> Groups, int Count, RowSet Rest);
}
