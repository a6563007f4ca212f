using System.Buffers;

namespace Sophia.Gpu.Lexical;

/// <summary>
/// Rewriting without the removed documents. It takes half a second for a million documents of fifteen words, and seconds for long ones, so it is
/// made beside searches, by the thread that changes the index, and takes the place of what there was in one step.
/// </summary>
internal sealed partial class LexicalIndex
{
    private const int RemovedBeforeCompaction = 1 << 16;
    private const int RemovedWordsBeforeCompaction = 1 << 20;

    public bool WantsCompaction => _documentsUsed - Count > Math.Max(Count, RemovedBeforeCompaction) ||
        _removedWords > Math.Max(_words, RemovedWordsBeforeCompaction);

    /// <summary>What there will be without the removed documents. Changes nothing; all documents must be in the postings (<see cref="Invert"/>).</summary>
    /// <param name="documentOfRow">By row of the shard.</param>
    public Compaction Compacted(ReadOnlySpan<int> documentOfRow)
    {
        if (_inverted < _documentsUsed)
        {
            throw new InvalidOperationException("Some documents are not in the postings yet.");
        }

        var numbers = ArrayPool<int>.Shared.Rent(_documentsUsed);
        var made = new Compaction(new ForwardLists(), new PostingTable(), new PostingSlabs(), new Document[Math.Max(64, Count * 5 / 4)], new int[Math.Max(64, Count * 5 / 4)], documentOfRow.ToArray());
        var kept = 0;
        for (var document = 0; document < _documentsUsed; document++)
        {
            var (row, place) = _documents[document];
            numbers[document] = row < 0 ? -1 : kept;
            if (row >= 0)
            {
                made.DocumentOfRow[row] = kept;
                var reader = Read(document);
                while (reader.Next(out _))
                {
                }

                made.Documents[kept] = new Document(row, made.Forward.Add(_forward.From(place)[..reader.At]));
                made.Lengths[kept++] = _lengths[document];
            }
        }

        made.Postings.MakeRoomFor(_postings.Length);
        for (var chunk = 0; chunk < _postings.Chunks.Length; chunk++)
        {
            var (before, after) = (_postings.Chunks[chunk], made.Postings.Chunks[chunk]);
            for (var term = 0; term < before.Length; term++)
            {
                after[term] = before[term].Renumbered(numbers, made.Lengths, _slabs, made.Slabs);
                made.ListBytes += after[term].SizeInMemory;
            }
        }

        ArrayPool<int>.Shared.Return(numbers);
        return made;
    }

    /// <summary>Goes on with what was made, under its numbers of documents.</summary>
    /// <param name="made">Of this index, which was not changed since.</param>
    /// <param name="documentOfRow">By row of the shard; set to the new numbers.</param>
    public void Become(Compaction made, Span<int> documentOfRow)
    {
        (_forward, _postings, _slabs, _listBytes) = (made.Forward, made.Postings, made.Slabs, made.ListBytes);
        (_documents, _lengths) = (made.Documents, made.Lengths);
        _documentsUsed = _inverted = Count;
        _removedWords = 0;
        made.DocumentOfRow.CopyTo(documentOfRow);
    }

    internal sealed record Compaction(ForwardLists Forward, PostingTable Postings, PostingSlabs Slabs, Document[] Documents, int[] Lengths, int[] DocumentOfRow)
    {
        /// <summary>Of the posting lists, without what the slabs have.</summary>
        public long ListBytes { get; set; }
    }
}
