namespace Sophia.Gpu.Lexical;

/// <summary>
/// Where the blocks of 128 postings of a list end, and the largest count and the smallest document length in each: no
/// document of the block can score more than one that has both, however lengths and frequencies change elsewhere. The
/// last block may be unfinished.
/// </summary>
internal sealed class PostingBlocks
{
    public const int Size = 128;
    private Block[] _blocks = new Block[2];
    private int _started;
    private int _inLast = Size;
    private int _mostCount;
    private int _leastLength = int.MaxValue;

    private byte[] _bytes = [];

    /// <summary>Of the list; what is behind its length is undefined.</summary>
    public byte[] Bytes { get => _bytes; init => _bytes = value; }

    /// <summary>Where so many bytes may be written behind those that are there.</summary>
    public Span<byte> Room(int length, int bytes)
    {
        if (length + bytes > _bytes.Length)
        {
            Array.Resize(ref _bytes, Math.Max(length + bytes, _bytes.Length + (_bytes.Length / (_bytes.Length < 1024 ? 2 : 4))));
        }

        return _bytes.AsSpan(length);
    }

    public ReadOnlySpan<Block> All => _blocks.AsSpan(0, _started);

    public long SizeInMemory => (_blocks.Length * 16L) + 24 + 56 + _bytes.Length + 24;

    /// <summary>The largest count in the list.</summary>
    public int MostCount => _mostCount;

    /// <summary>The smallest length of a document in the list.</summary>
    public int LeastLength => _leastLength;

    /// <param name="end">Where the posting ends in the list's bytes.</param>
    public void Add(int document, int count, int length, int end)
    {
        if (_inLast == Size)
        {
            if (_started == _blocks.Length)
            {
                Array.Resize(ref _blocks, _blocks.Length * 3 / 2 + 1);
            }

            _blocks[_started++] = new Block { LeastLength = int.MaxValue };
            _inLast = 0;
        }

        ref var block = ref _blocks[_started - 1];
        block.Last = document;
        block.End = end;
        block.MostCount = Math.Max(block.MostCount, count);
        block.LeastLength = Math.Min(block.LeastLength, length);
        _mostCount = Math.Max(_mostCount, count);
        _leastLength = Math.Min(_leastLength, length);
        _inLast++;
    }

    internal struct Block
    {
        /// <summary>The last document of the block.</summary>
        public int Last;

        /// <summary>Where the block ends in the list's bytes.</summary>
        public int End;

        public int MostCount;

        public int LeastLength;
    }
}
