using System.Buffers;
using System.Text;
using Sophia.Snowflake.Local;

namespace Sophia.SnowflakeEmulator.Queries;

/// <summary>
/// Writes rows as JSON arrays of texts and nulls. Everything but quotes, backslashes and control characters is written as it is: the .NET
/// driver's reader of chunks takes <c>\uXXXX</c> for one byte, so an escaped letter beyond ASCII would be lost there.
/// </summary>
internal static class JsonRows
{
    private static readonly SearchValues<byte> Escaped = SearchValues.Create([.. Enumerable.Range(0, 32).Select(static c => (byte)c), (byte)'"', (byte)'\\']);

    public static void Write(IBufferWriter<byte> to, IReadOnlyList<LocalColumn> columns, object?[] row)
    {
        to.Write("["u8);
        for (var i = 0; i < row.Length; i++)
        {
            if (i > 0) to.Write(","u8);
            if (Cells.Text(columns[i], row[i]) is { } text) Text(to, text);
            else to.Write("null"u8);
        }
        to.Write("]"u8);
    }

    private static void Text(IBufferWriter<byte> to, string text)
    {
        to.Write("\""u8);
        var most = Encoding.UTF8.GetMaxByteCount(text.Length);
        var rented = ArrayPool<byte>.Shared.Rent(most);
        ReadOnlySpan<byte> bytes = rented.AsSpan(0, Encoding.UTF8.GetBytes(text, rented));
        for (var at = bytes.IndexOfAny(Escaped); at >= 0; at = bytes.IndexOfAny(Escaped))
        {
            to.Write(bytes[..at]);
            Escape(to, bytes[at]);
            bytes = bytes[(at + 1)..];
        }
        to.Write(bytes);
        ArrayPool<byte>.Shared.Return(rented);
        to.Write("\""u8);
    }

    private static void Escape(IBufferWriter<byte> to, byte sign)
    {
        if (sign is (byte)'"' or (byte)'\\') to.Write([(byte)'\\', sign]);
        else if (sign == '\n') to.Write("\\n"u8);
        else to.Write([(byte)'\\', (byte)'u', (byte)'0', (byte)'0', (byte)(sign < 16 ? '0' : '1'), "0123456789abcdef"u8[sign & 15]]);
    }
}
