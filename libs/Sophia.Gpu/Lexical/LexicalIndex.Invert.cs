using System.Buffers;

namespace Sophia.Gpu.Lexical;

internal sealed partial class LexicalIndex
{
    /// <summary>Moves the newest documents from their forward lists into the postings.</summary>
    private void Invert()
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

        if (_terms.Used > _postings.Length)
        {
            Array.Resize(ref _postings, _terms.Used * 5 / 4);
        }

        foreach (var run in TermSort.ByTerm(words, spare, count, _terms.Used))
        {
            _postings[run.Term].Append(run.Document, run.Count, _lengths);
        }

        ArrayPool<ulong>.Shared.Return(words);
        ArrayPool<ulong>.Shared.Return(spare);
        _inverted = _documentsUsed;
        _recentWords = 0;
    }
}
