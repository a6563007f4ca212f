using System.Collections;
using Sophia.Memory.Log;
using Sophia.Memory.Records;

namespace Sophia.Memory.Stores;

/// <summary>
/// Rows that a store hands over at once: as many as were asked for, or fewer where they are large. A page ends with the row by which its
/// rows have <see cref="RowPage.MostBytes"/>, so that a reader has so many bytes and one row more in memory, however many rows he asked for.
/// </summary>
/// <param name="isCut">It ends for its bytes; what comes behind its last row was not looked at.</param>
public sealed class RowPage<T>(IReadOnlyList<T> rows, bool isCut) : IReadOnlyList<T>
{
    public int Count => rows.Count;

    public bool IsCut => isCut;

    public T this[int index] => rows[index];

    /// <summary>Nothing comes behind the page.</summary>
    /// <param name="asked">How many rows were asked for.</param>
    public bool IsLast(int asked) => !isCut && rows.Count < asked;

    public IEnumerator<T> GetEnumerator() => rows.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}

/// <summary>What bounds a page beside its number of rows.</summary>
public static class RowPage
{
    /// <summary>Bytes of contents, attributes and vectors with which a page ends.</summary>
    public const long MostBytes = 8L << 20;

    /// <summary>Bytes of content, attributes and vector, as they are in memory.</summary>
    public static long SizeOf(MemoryRecord? record) =>
        record is null ? 0 : record.Content.Length + record.Attributes.Length + (sizeof(float) * (long)(record.Vector?.Length ?? 0));

    /// <inheritdoc cref="SizeOf(MemoryRecord?)"/>
    public static long SizeOf(LogEntry entry) => SizeOf(entry.Record);
}
