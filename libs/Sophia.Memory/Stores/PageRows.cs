using Sophia.Memory.Records;

namespace Sophia.Memory.Stores;

/// <summary>
/// How many rows a reader asks for next, so that a page has about so many bytes: some contents are a thousand times as large as others, and a
/// page of rows alone may be a gigabyte. Begins small, and grows with what it sees.
/// </summary>
/// <param name="most">Rows.</param>
/// <param name="bytes">Of contents and vectors, that a page has if its rows are like those before.</param>
public sealed class PageRows(int most, long bytes)
{
    private const int First = 64;
    private const int Growth = 4;

    public int Next { get; private set; } = Math.Min(First, most);

    /// <summary>Bytes of content and vector.</summary>
    public static long SizeOf(MemoryRecord? record) => record is null ? 0 : record.Content.Length + (sizeof(float) * (long)(record.Vector?.Length ?? 0));

    /// <param name="rows">Of the last page.</param>
    /// <param name="size">Its bytes.</param>
    public void Took(int rows, long size)
    {
        if (rows > 0)
        {
            Next = (int)Math.Clamp(bytes / ((size / rows) + 1), 1, Math.Min(most, (long)Growth * Next));
        }
    }
}
