namespace Sophia.Cli.Import;

/// <param name="Bytes">Without the line end; null when the line is too long to be a record.</param>
/// <param name="EndOffset">The byte after the line end.</param>
internal readonly record struct NdjsonLine(ReadOnlyMemory<byte>? Bytes, long EndOffset);

/// <summary>
/// Reads lines with their place in the stream. The bytes of a line are good until the next is read. A cancelled read lets go
/// of the stream: that of a terminal or a pipe ends only when something comes.
/// </summary>
internal sealed class NdjsonLines(Stream stream, long offset, int maxLineBytes = NdjsonLines.DefaultMaxLineBytes)
{
    public const int DefaultMaxLineBytes = 16 << 20;

    private byte[] _buffer = new byte[1 << 16];
    private int _start, _end;
    private long _offset = offset;
    private bool _ended;

    public async ValueTask<NdjsonLine?> ReadAsync(CancellationToken cancellationToken)
    {
        var searched = 0;
        while (true)
        {
            var newline = _buffer.AsSpan(_start + searched, _end - _start - searched).IndexOf((byte)'\n');
            if (newline >= 0) return Take(searched + newline, 1);
            searched = _end - _start;
            if (_ended) return searched == 0 ? null : Take(searched, 0);
            if (searched >= maxLineBytes) return await SkipAsync(cancellationToken);
            MakeRoom();
            var n = await stream.ReadAsync(_buffer.AsMemory(_end), cancellationToken).AsTask().WaitAsync(cancellationToken);
            if (n == 0) _ended = true;
            _end += n;
        }
    }

    private NdjsonLine Take(int length, int lineEnd)
    {
        var line = _buffer.AsMemory(_start, length);
        _start += length + lineEnd;
        _offset += length + lineEnd;
        return new NdjsonLine(length > maxLineBytes ? null : line, _offset);
    }

    private async ValueTask<NdjsonLine?> SkipAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            var newline = _buffer.AsSpan(_start, _end - _start).IndexOf((byte)'\n');
            var passed = newline >= 0 ? newline + 1 : _end - _start;
            _start += passed;
            _offset += passed;
            if (newline >= 0 || _ended) return new NdjsonLine(null, _offset);
            (_start, _end) = (0, await stream.ReadAsync(_buffer, cancellationToken).AsTask().WaitAsync(cancellationToken));
            if (_end == 0) _ended = true;
        }
    }

    private void MakeRoom()
    {
        if (_start > 0)
        {
            _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
            (_start, _end) = (0, _end - _start);
        }
        if (_end == _buffer.Length) Array.Resize(ref _buffer, _buffer.Length * 2);
    }
}
