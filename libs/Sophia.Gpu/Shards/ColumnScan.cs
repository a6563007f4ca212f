using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using Sophia.Memory.Search;
using ColumnKind = Sophia.Gpu.Shards.AttributeColumn.ColumnKind;

namespace Sophia.Gpu.Shards;

/// <summary>Comparisons of a column's chunk with one value, 64 rows at a time.</summary>
internal static class ColumnScan
{
    /// <summary>The rows of a word whose kind this is.</summary>
    public static ulong IsKind(ColumnKind[] kinds, int word, ColumnKind kind) =>
        Vector512.Equals(Vector512.Create<byte>(MemoryMarshal.AsBytes(kinds.AsSpan(word * 64, 64))), Vector512.Create((byte)kind)).ExtractMostSignificantBits();

    /// <summary>The rows of a word that have the attribute.</summary>
    public static ulong IsPresent(ColumnKind[] kinds, int word) => ~IsKind(kinds, word, ColumnKind.Absent);

    /// <summary>The rows of a word whose value may be the one of this hash.</summary>
    public static ulong MayBe(ushort[] hashes, int word, ushort hash)
    {
        var wanted = Vector512.Create(hash);
        var low = Vector512.Equals(Vector512.Create<ushort>(hashes.AsSpan(word * 64, 32)), wanted).ExtractMostSignificantBits();
        var high = Vector512.Equals(Vector512.Create<ushort>(hashes.AsSpan((word * 64) + 32, 32)), wanted).ExtractMostSignificantBits();
        return low | (high << 32);
    }

    /// <summary>The rows of a word whose value is this.</summary>
    public static ulong IsValue(long[] values, int word, long value)
    {
        var wanted = Vector512.Create(value);
        ulong found = 0;
        for (var i = 0; i < 8; i++)
        {
            found |= Vector512.Equals(Vector512.Create<long>(values.AsSpan((word * 64) + (i * 8), 8)), wanted).ExtractMostSignificantBits() << (i * 8);
        }

        return found;
    }

    /// <summary>The rows of a word whose value, as a number, compares so with the given one.</summary>
    public static ulong Compares(long[] values, int word, Comparison comparison, double number)
    {
        var wanted = Vector512.Create(number);
        ulong found = 0;
        for (var i = 0; i < 8; i++)
        {
            var numbers = Vector512.Create<long>(values.AsSpan((word * 64) + (i * 8), 8)).AsDouble();
            var holds = comparison switch
            {
                Comparison.Less => Vector512.LessThan(numbers, wanted),
                Comparison.LessOrEqual => Vector512.LessThanOrEqual(numbers, wanted),
                Comparison.Greater => Vector512.GreaterThan(numbers, wanted),
                Comparison.GreaterOrEqual => Vector512.GreaterThanOrEqual(numbers, wanted),
                _ => Vector512.Equals(numbers, wanted),
            };
            found |= holds.ExtractMostSignificantBits() << (i * 8);
        }

        return comparison == Comparison.NotEqual ? ~found : found;
    }
}
