using System.Buffers;

namespace Sophia.Gpu.Shards;

/// <summary>
/// Orders many rows by their keys' UTF-16 code units. Keys of a namespace often begin alike, so what they have in common is passed
/// over, and the next eight characters are compared as one number; only where these are equal are the keys themselves.
/// </summary>
internal static class KeyOrder
{
    private const int Packed = 8;

    /// <param name="rows">All of them have keys.</param>
    public static void Sort(Span<int> rows, ChunkedRows<string?> keys)
    {
        var first = rows.IsEmpty ? "" : keys[rows[0]];
        var shared = first!.Length;
        foreach (var row in rows)
        {
            shared = keys[row].AsSpan().CommonPrefixLength(first.AsSpan(0, shared));
        }

        var heads = ArrayPool<ulong>.Shared.Rent(rows.Length);
        for (var i = 0; i < rows.Length; i++)
        {
            heads[i] = HeadOf(keys[rows[i]].AsSpan(shared));
        }

        heads.AsSpan(0, rows.Length).Sort(rows);
        for (var from = 0; from < rows.Length;)
        {
            var to = from + 1;
            while (to < rows.Length && heads[to] == heads[from])
            {
                to++;
            }

            if (to - from > 1)
            {
                rows[from..to].Sort((a, b) => string.CompareOrdinal(keys[a], keys[b]));
            }

            from = to;
        }

        ArrayPool<ulong>.Shared.Return(heads);
    }

    /// <summary>Of what begins so, the greater head is of the greater text; equal heads say nothing.</summary>
    private static ulong HeadOf(ReadOnlySpan<char> text)
    {
        ulong head = 0;
        for (var i = 0; i < Packed; i++)
        {
            // A byte for a character; from the first that needs more on, nothing is said.
            var unit = i < text.Length ? text[i] : '\0';
            if (unit >= byte.MaxValue)
            {
                return (head << (8 * (Packed - i))) | ((ulong)byte.MaxValue << (8 * (Packed - i - 1)));
            }

            head = (head << 8) | unit;
        }

        return head;
    }
}
