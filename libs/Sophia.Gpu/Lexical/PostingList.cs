namespace Sophia.Gpu.Lexical;

/// <summary>
/// The documents that a term stands in, ascending, as bytes: the distance to the document before, shifted left by one,
/// with the low bit set when the term stands there once; otherwise the count follows. Numbers are seven bits a byte,
/// low first. Removed documents stay until the index is compacted.
/// </summary>
internal struct PostingList
{
    private byte[]? _bytes;
    private int _length;
    private int _last;

    /// <summary>Living documents with the term.</summary>
    public int Documents;

    public readonly int Capacity => _bytes?.Length ?? 0;

    public readonly Reader Read() => new(_bytes.AsSpan(0, _length));

    /// <param name="document">Above all before.</param>
    public void Append(int document, int count)
    {
        _bytes ??= new byte[8];
        if (_length + 10 > _bytes.Length)
        {
            var larger = Math.Max(_length + 10, _bytes.Length + (_bytes.Length / (_bytes.Length < 1024 ? 1 : 4)));
            Array.Resize(ref _bytes, larger);
        }

        var distance = (ulong)(document - _last) << 1;
        if (count == 1)
        {
            VarInt.Write(_bytes, ref _length, distance | 1);
        }
        else
        {
            VarInt.Write(_bytes, ref _length, distance);
            VarInt.Write(_bytes, ref _length, (ulong)count);
        }

        _last = document;
        Documents++;
    }

    /// <summary>Keeps the living documents, under their new numbers.</summary>
    /// <param name="newNumbers">By old number; −1 for the removed.</param>
    public void Renumber(ReadOnlySpan<int> newNumbers)
    {
        var kept = new PostingList();
        var reader = Read();
        while (reader.Next(out var document, out var count))
        {
            if (newNumbers[document] >= 0)
            {
                kept.Append(newNumbers[document], count);
            }
        }

        this = kept;
    }

    internal ref struct Reader(ReadOnlySpan<byte> bytes)
    {
        private readonly ReadOnlySpan<byte> _bytes = bytes;
        private int _at;
        private int _document;

        public bool Next(out int document, out int count)
        {
            if (_at >= _bytes.Length)
            {
                document = count = 0;
                return false;
            }

            var head = VarInt.Read(_bytes, ref _at);
            document = _document += (int)(head >> 1);
            count = (head & 1) != 0 ? 1 : (int)VarInt.Read(_bytes, ref _at);
            return true;
        }
    }
}
