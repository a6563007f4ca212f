using System.Buffers;
using System.IO.Compression;
using Sophia.Snowflake.Local;

namespace Sophia.SnowflakeEmulator.Queries;

/// <summary>
/// One statement's result as it travels: the first rows in the answer, the others in chunks, each a gzip text of rows without the outer
/// brackets. Chunks wait in a file that has no name, so that a result of any size takes the memory of its first rows, and a process that
/// dies leaves nothing behind. It lives as long as anybody holds it: the session's log, an address, a reader.
/// </summary>
internal sealed class QueryResult(EmulatorOptions options, ChunkSpace space) : IRowSink
{
    private const int BufferBytes = 64 << 10;

    private readonly ArrayBufferWriter<byte> _first = new(256);
    private readonly List<Chunk> _chunks = [];
    private ArrayBufferWriter<byte>? _buffer;
    private FileStream? _file;
    private GZipStream? _gzip;
    private long _from, _uncompressed;
    private int _rowsInChunk, _holders = 1;

    /// <param name="Offset">Where it begins in the file, bytes.</param>
    internal readonly record struct Chunk(long Offset, int CompressedBytes, int Bytes, int Rows);

    public IReadOnlyList<LocalColumn> Columns { get; private set; } = [];
    public int StatementType { get; private set; }
    public long Total { get; private set; }

    /// <summary>Rows in the answer itself.</summary>
    public long InAnswer { get; private set; }
    public IReadOnlyList<Chunk> Chunks => _chunks;

    /// <summary>The first rows, as a JSON array.</summary>
    public ReadOnlyMemory<byte> First => _first.WrittenMemory;

    public void Begin(IReadOnlyList<LocalColumn> columns)
    {
        Columns = columns;
        _first.Write("["u8);
    }

    public void Add(object?[] row)
    {
        Total++;
        if (_file is null && InAnswer < options.FirstRows && _first.WrittenCount < options.FirstBytes)
        {
            if (InAnswer++ > 0) _first.Write(","u8);
            JsonRows.Write(_first, Columns, row);
            return;
        }
        _file ??= Unnamed();
        _gzip ??= new GZipStream(_file, CompressionLevel.Fastest, leaveOpen: true);
        _buffer ??= new ArrayBufferWriter<byte>(BufferBytes);
        if (_rowsInChunk++ > 0) _buffer.Write(","u8);
        JsonRows.Write(_buffer, Columns, row);
        if (_buffer.WrittenCount >= BufferBytes) Flush(_gzip, _buffer);
        if (_uncompressed + _buffer.WrittenCount >= options.ChunkBytes) EndChunk();
    }

    /// <summary>No more rows come. What was no query has its rows in <paramref name="result"/>.</summary>
    public void End(LocalResult result)
    {
        StatementType = result.StatementType;
        if (Columns.Count == 0) Begin(result.Columns);
        foreach (var row in result.Rows) Add(row);
        if (_rowsInChunk > 0) EndChunk();
        _file?.Flush();
        _first.Write("]"u8);
    }

    /// <returns>The bytes of a chunk, compressed; null where the result is gone. Ending the stream lets go of the result.</returns>
    public Stream? Open(int chunk)
    {
        if (chunk < 0 || chunk >= _chunks.Count || !TryHold()) return null;
        return new ChunkStream(this, _file!.SafeFileHandle, _chunks[chunk].Offset, _chunks[chunk].CompressedBytes);
    }

    public bool TryHold()
    {
        for (var holders = Volatile.Read(ref _holders); holders > 0; holders = Volatile.Read(ref _holders))
        {
            if (Interlocked.CompareExchange(ref _holders, holders + 1, holders) == holders) return true;
        }
        return false;
    }

    public void Release()
    {
        if (Interlocked.Decrement(ref _holders) > 0) return;
        _gzip?.Dispose();
        if (_file is null) return;
        _file.Dispose();
        space.Free(_from);
    }

    private void Flush(GZipStream gzip, ArrayBufferWriter<byte> buffer)
    {
        gzip.Write(buffer.WrittenSpan);
        _uncompressed += buffer.WrittenCount;
        buffer.ResetWrittenCount();
    }

    private void EndChunk()
    {
        Flush(_gzip!, _buffer!);
        _gzip!.Dispose();
        var (bytes, end) = (_uncompressed, _file!.Position);
        _chunks.Add(new(_from, (int)(end - _from), (int)bytes, _rowsInChunk));
        var more = end - _from;
        (_gzip, _uncompressed, _rowsInChunk, _from) = (null, 0, 0, end);
        space.Take(more);
    }

    private static FileStream Unnamed()
    {
        var path = Path.Combine(Path.GetTempPath(), "sophia-snowflake-" + Path.GetRandomFileName());
        var file = new FileStream(path, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete, BufferBytes);
        File.Delete(path);
        return file;
    }
}
