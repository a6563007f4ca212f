namespace Sophia.Gpu.Lexical;

/// <summary>The posting list of each term, in chunks, so that growing copies nothing.</summary>
internal sealed class PostingTable
{
    private const int ChunkLog2 = 12;
    private PostingList[][] _chunks = [];

    /// <summary>Terms below have a list.</summary>
    public int Length => _chunks.Length << ChunkLog2;

    public PostingList[][] Chunks => _chunks;

    public ref PostingList this[int term] => ref _chunks[term >> ChunkLog2][term & ((1 << ChunkLog2) - 1)];

    public void MakeRoomFor(int terms)
    {
        var chunks = _chunks.Length;
        if (terms > Length)
        {
            Array.Resize(ref _chunks, (terms + (1 << ChunkLog2) - 1) >> ChunkLog2);
            for (; chunks < _chunks.Length; chunks++)
            {
                _chunks[chunks] = new PostingList[1 << ChunkLog2];
            }
        }
    }
}
