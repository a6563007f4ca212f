using Sophia.Memory.Log;
using Sophia.Memory.Records;

namespace Sophia.Memory.Stores;

/// <summary>
/// How many rows a reader asks for next, so that a page has about so many bytes: some contents are a thousand times as large as others.
/// A store ends a page by its bytes in any case (<see cref="RowPage{T}"/>), but a database has sent by then what was asked for. Begins small,
/// and grows with what it sees.
/// </summary>
/// <param name="most">Rows.</param>
/// <param name="bytes">Of contents, attributes and vectors, that a page has if its rows are like those before.</param>
/// <param name="first">Rows of the first page, of which nothing is known.</param>
public sealed class PageRows(int most, long bytes, int first = PageRows.First)
{
    private const int First = 64;
    private const int Growth = 4;

    public int Next { get; private set; } = Math.Min(first, most);

    /// <summary>Rows that a page has at most.</summary>
    public int Most => most;

    /// <summary>Bytes that a page has about: no more than a store hands over, or it would be asked for rows that it has sent and left.</summary>
    public long Bytes { get; } = Math.Min(bytes, RowPage.MostBytes);

    public void Took(IReadOnlyList<MemoryRecord> page)
    {
        var size = 0L;
        for (var i = 0; i < page.Count; i++)
        {
            size += RowPage.SizeOf(page[i]);
        }

        Took(page.Count, size);
    }

    public void Took(IReadOnlyList<LogEntry> page)
    {
        var size = 0L;
        for (var i = 0; i < page.Count; i++)
        {
            size += RowPage.SizeOf(page[i]);
        }

        Took(page.Count, size);
    }

    /// <param name="rows">Of the last page.</param>
    /// <param name="size">Its bytes.</param>
    public void Took(int rows, long size)
    {
        if (rows > 0)
        {
            Next = (int)Math.Clamp(Bytes / ((size / rows) + 1), 1, Math.Min(most, (long)Growth * Next));
        }
    }
}
