using System.Buffers;
using System.Text;
using DuckDB.NET.Data;
using DuckDB.NET.Native;

namespace Sophia.Snowflake.Local;

/// <summary>
/// Appends rows of texts and vectors to a table of the session, a column at a time into the engine's own vectors: the driver's appender goes
/// through several calls for each value, and for each element of a vector.
/// </summary>
internal static unsafe class StageAppender
{
    /// <summary>What a column takes: texts, or vectors of so many elements.</summary>
    public readonly record struct Column(string Name, int Elements);

    /// <param name="rows">Each with a text, or null, for each column of texts, and an array of the column's length for each of vectors.</param>
    /// <exception cref="SnowflakeException">The engine would not take them.</exception>
    public static void Append(DuckDBConnection connection, string table, IReadOnlyList<Column> columns, IReadOnlyList<object?[]> rows, CancellationToken cancellationToken)
    {
        var made = NativeMethods.Appender.DuckDBAppenderCreateExt(connection.NativeConnection, "temp", "main", table, out var appender);
        using (appender)
        {
            Check(made, appender);
            var types = Enumerable.Range(0, columns.Count).Select(i => NativeMethods.Appender.DuckDBAppenderColumnType(appender, (ulong)i)).ToArray();
            try
            {
                using var chunk = NativeMethods.DataChunks.DuckDBCreateDataChunk([.. types.Select(static t => t.DangerousGetHandle())], (ulong)types.Length);
                var most = (int)NativeMethods.Helpers.DuckDBVectorSize();
                for (var from = 0; from < rows.Count; from += most)
                {
                    cancellationToken.ThrowIfCancellationRequested();
                    var count = Math.Min(most, rows.Count - from);
                    NativeMethods.DataChunks.DuckDBDataChunkReset(chunk);
                    for (var i = 0; i < columns.Count; i++)
                    {
                        var vector = NativeMethods.DataChunks.DuckDBDataChunkGetVector(chunk, i);
                        if (columns[i].Elements > 0) Vectors(vector, columns[i].Elements, rows, i, from, count);
                        else Texts(vector, rows, i, from, count);
                    }
                    NativeMethods.DataChunks.DuckDBDataChunkSetSize(chunk, (ulong)count);
                    Check(NativeMethods.Appender.DuckDBAppendDataChunk(appender, chunk), appender);
                }
                Check(NativeMethods.Appender.DuckDBAppenderClose(appender), appender);
            }
            finally
            {
                foreach (var type in types) type.Dispose();
            }
        }
    }

    private static void Vectors(nint vector, int elements, IReadOnlyList<object?[]> rows, int column, int from, int count)
    {
        var data = (float*)NativeMethods.Vectors.DuckDBVectorGetData(NativeMethods.Vectors.DuckDBArrayVectorGetChild(vector));
        for (var i = 0; i < count; i++) ((float[])rows[from + i][column]!).CopyTo(new Span<float>(data + ((long)i * elements), elements));
    }

    private static void Texts(nint vector, IReadOnlyList<object?[]> rows, int column, int from, int count)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(4096);
        ulong* validity = null;
        for (var i = 0; i < count; i++)
        {
            if (rows[from + i][column] is not string text)
            {
                if (validity is null)
                {
                    NativeMethods.Vectors.DuckDBVectorEnsureValidityWritable(vector);
                    validity = NativeMethods.Vectors.DuckDBVectorGetValidity(vector);
                }
                NativeMethods.ValidityMask.DuckDBValiditySetRowValidity(validity, (ulong)i, false);
                continue;
            }
            var need = Encoding.UTF8.GetMaxByteCount(text.Length);
            if (need > buffer.Length)
            {
                ArrayPool<byte>.Shared.Return(buffer);
                buffer = ArrayPool<byte>.Shared.Rent(need);
            }
            var length = Encoding.UTF8.GetBytes(text, buffer);
            // The bytes are UTF-8 for certain: half a surrogate pair was replaced.
            fixed (byte* bytes = buffer) NativeMethods.Vectors.DuckDBUnsafeVectorAssignStringElementLength(vector, (ulong)i, bytes, length);
        }
        ArrayPool<byte>.Shared.Return(buffer);
    }

    private static void Check(DuckDBState state, DuckDB.NET.Native.DuckDBAppender appender)
    {
        if (state == DuckDBState.Success) return;
        using var error = NativeMethods.Appender.DuckDBAppenderErrorData(appender);
        throw new SnowflakeException("000603", "XX000", NativeMethods.ErrorData.DuckDBErrorDataMessage(error));
    }
}
