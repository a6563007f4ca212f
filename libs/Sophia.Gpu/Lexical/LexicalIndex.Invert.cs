using System.Buffers;
using Sophia.Gpu.Text;

namespace Sophia.Gpu.Lexical;

internal sealed partial class LexicalIndex
{
    private const int ListApart = 24;
    private const int BytesApart = 10;

    /// <summary>Moves the newest documents from their forward lists into the postings.</summary>
    public void Invert()
    {
        var words = ArrayPool<ulong>.Shared.Rent(Math.Max(_recentWords, 1));
        var spare = ArrayPool<ulong>.Shared.Rent(Math.Max(_recentWords, 1));
        var count = 0;
        for (var document = _inverted; document < _documentsUsed; document++)
        {
            if (_documents[document].Row < 0)
            {
                continue;
            }

            var reader = Read(document);
            while (reader.Next(out var term))
            {
                words[count++] = ((ulong)term << 32) | (uint)document;
            }
        }

        _postings.MakeRoomFor(_terms.Used);
        var runs = TermSort.ByTerm(words, spare, count, _terms.Used);
        while (runs.MoveNext())
        {
            // First the list is asked for, and when it is there, the place that is written next in it.
            if (runs.TermAt(ListApart) is >= 0 and var far)
            {
                Ahead.Fetch(ref _postings[far]);
            }

            if (runs.TermAt(BytesApart) is >= 0 and var near)
            {
                _postings[near].FetchEnd(_slabs);
            }

            ref var list = ref _postings[runs.Current.Term];
            _listBytes -= list.SizeInMemory;
            list.Append(runs.Current.Document, runs.Current.Count, _lengths, _slabs);
            _listBytes += list.SizeInMemory;
        }

        // They have whole texts in the order of their words.
        words.AsSpan(0, count).Clear();
        spare.AsSpan(0, count).Clear();
        ArrayPool<ulong>.Shared.Return(words);
        ArrayPool<ulong>.Shared.Return(spare);
        _inverted = _documentsUsed;
        _recentWords = 0;
    }
}
