namespace Sophia.Gpu.Lexical;

internal sealed partial class LexicalIndex
{
    /// <summary>A place in a posting list that only moves on.</summary>
    private struct Cursor
    {
        private int _term;
        private double _idf;
        private int _at;
        private int _block;
        private int _count;

        /// <summary>The document that it stands at; int.MaxValue behind the last.</summary>
        public int Document { get; private set; }

        /// <summary>What any posting of the list can add at most.</summary>
        public double Bound { get; private set; }

        public static Cursor Open(LexicalIndex index, in QueryTerm term, in Bm25 bm25)
        {
            ref readonly var list = ref index._postings[term.Number];
            var bound = list.Blocks is { } blocks ? bm25.Score(term.Idf, blocks.MostCount, blocks.LeastLength) : Bm25.Most(term.Idf);
            var cursor = new Cursor { _term = term.Number, _idf = term.Idf, Bound = bound };
            cursor.Next(list.Bytes(index._slabs));
            return cursor;
        }

        /// <summary>Adds the list's scores within the window up; then stands behind the window.</summary>
        /// <param name="before">No document from this number on is added.</param>
        /// <param name="others">What all other lists can add at most.</param>
        public void AddUp(LexicalIndex index, in Bm25 bm25, double[] sums, int start, int before, double worst, double others)
        {
            var end = Math.Min(start + (long)sums.Length, before);
            ref readonly var list = ref index._postings[_term];
            var bytes = list.Bytes(index._slabs);
            var lengths = index._lengths;
            while (Document < end)
            {
                var last = (int)Math.Min(end - 1, int.MaxValue - 1);
                if (list.Blocks is { } blocks)
                {
                    ref readonly var block = ref BlockOf(blocks, Document);
                    if ((bm25.Score(_idf, block.MostCount, block.LeastLength) + others) * (1 + 1e-12) < worst)
                    {
                        Pass(in block, bytes);
                        continue;
                    }

                    last = Math.Min(last, block.Last);
                }

                while (Document <= last)
                {
                    sums[Document - start] += bm25.Score(_idf, _count, lengths[Document]);
                    Next(bytes);
                }
            }
        }

        /// <summary>What the list adds to a document, which is not before the place where the cursor stands or stood.</summary>
        public double ScoreAt(LexicalIndex index, in Bm25 bm25, int document)
        {
            MoveTo(index, document);
            return Document == document ? bm25.Score(_idf, _count, index._lengths[document]) : 0;
        }

        /// <summary>Stands at the document, or at the next one that the list has; where it is there or behind it already, it stays.</summary>
        public void MoveTo(LexicalIndex index, int document)
        {
            if (Document >= document)
            {
                return;
            }

            ref readonly var list = ref index._postings[_term];
            var bytes = list.Bytes(index._slabs);
            while (Document < document && list.Blocks is { } blocks)
            {
                ref readonly var block = ref BlockOf(blocks, Document);
                if (block.Last >= document)
                {
                    break;
                }

                Pass(in block, bytes);
            }

            while (Document < document)
            {
                Next(bytes);
            }
        }

        private ref readonly PostingBlocks.Block BlockOf(PostingBlocks blocks, int document)
        {
            var all = blocks.All;
            while (all[_block].Last < document)
            {
                _block++;
            }

            return ref all[_block];
        }

        // The first distance of the next block is from the last document of this one.
        private void Pass(in PostingBlocks.Block block, ReadOnlySpan<byte> bytes)
        {
            (Document, _at) = (block.Last, block.End);
            Next(bytes);
        }

        private void Next(ReadOnlySpan<byte> bytes)
        {
            if (_at >= bytes.Length)
            {
                Document = int.MaxValue;
                return;
            }

            var head = VarInt.Read(bytes, ref _at);
            Document += (int)(head >> 1);
            _count = (head & 1) != 0 ? 1 : (int)VarInt.Read(bytes, ref _at);
        }
    }
}
