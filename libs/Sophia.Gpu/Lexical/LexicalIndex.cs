using System.Buffers;
using Sophia.Gpu.Text;

namespace Sophia.Gpu.Lexical;

/// <summary>
/// The inverted index of a shard, in memory and incremental.
/// <list type="number">
/// <item>A document gets the next number; each of its terms gets a posting; the document keeps its own terms with their
/// counts, as bytes.</item>
/// <item>A removed document leaves its postings, but its terms' document counts and the sum of lengths go down at once, so
/// that scores depend on what is there, never on what was. A term of no document is forgotten.</item>
/// <item>When the removed outnumber the living (and 65,536), all postings are rewritten under new numbers: constant time
/// a removal over the long run, in one pause.</item>
/// </list>
/// One thread at a time changes it, while none reads.
/// </summary>
internal sealed partial class LexicalIndex
{
    private const int RemovedBeforeCompaction = 1 << 16;

    private readonly Dictionary<string, int> _terms = new(StringComparer.Ordinal);
    private readonly Stack<int> _freeTerms = new();
    private readonly List<int> _touched = [];
    private string?[] _termText = new string?[64];
    private PostingList[] _postings = new PostingList[64];
    private int[] _counts = new int[64];
    private int _termsUsed;
    private Document[] _documents = new Document[64];
    private int _documentsUsed;
    private long _words;
    private long _documentBytes;

    public int Count { get; private set; }

    public int Terms => _terms.Count;

    public long SizeInMemory
    {
        get
        {
            long postings = 0;
            foreach (ref readonly var list in _postings.AsSpan(0, _termsUsed))
            {
                postings += list.Capacity == 0 ? 0 : list.Capacity + 24;
            }

            // A dictionary entry of 28 bytes, a string of 22 and two a character (about 7 of them), and the slots.
            return postings + (_terms.Count * (28L + 36)) + (_postings.Length * (24L + 8 + 4)) + _documentBytes + (_documents.Length * 16L);
        }
    }

    /// <summary>Adds the words of a row of the shard as a document; returns its number, which lasts until <see cref="Compact"/>.</summary>
    public int Add(int row, List<Word> words)
    {
        foreach (var word in words)
        {
            var term = IdOf(word.Term);
            if (_counts[term]++ == 0)
            {
                _touched.Add(term);
            }
        }

        if (_documentsUsed == _documents.Length)
        {
            Array.Resize(ref _documents, _documents.Length * 3 / 2);
        }

        var document = _documentsUsed++;
        var bytes = ArrayPool<byte>.Shared.Rent((_touched.Count * 10) + 1);
        var length = 0;
        foreach (var term in _touched)
        {
            var count = _counts[term];
            _counts[term] = 0;
            _postings[term].Append(document, count);
            VarInt.Write(bytes, ref length, ((ulong)term << 1) | (count == 1 ? 1UL : 0));
            if (count > 1)
            {
                VarInt.Write(bytes, ref length, (ulong)count);
            }
        }

        _touched.Clear();
        _documents[document] = new Document(row, words.Count, bytes.AsSpan(0, length).ToArray());
        ArrayPool<byte>.Shared.Return(bytes);
        _documentBytes += length + 24;
        _words += words.Count;
        Count++;
        return document;
    }

    public void Remove(int document)
    {
        ref var removed = ref _documents[document];
        var reader = new TermReader(removed.Terms);
        while (reader.Next(out var term, out _))
        {
            if (--_postings[term].Documents == 0)
            {
                Forget(term);
            }
        }

        _words -= removed.Length;
        _documentBytes -= removed.Terms!.Length + 24;
        removed = new Document(-1, 0, null);
        Count--;
    }

    public bool WantsCompaction => _documentsUsed - Count > Math.Max(Count, RemovedBeforeCompaction);

    /// <summary>Rewrites the postings without the removed documents.</summary>
    /// <param name="documentOfRow">By row of the shard; set to the new numbers.</param>
    public void Compact(Span<int> documentOfRow)
    {
        var numbers = ArrayPool<int>.Shared.Rent(_documentsUsed);
        var kept = 0;
        for (var document = 0; document < _documentsUsed; document++)
        {
            numbers[document] = _documents[document].Row < 0 ? -1 : kept;
            if (_documents[document].Row >= 0)
            {
                documentOfRow[_documents[document].Row] = kept;
                _documents[kept++] = _documents[document];
            }
        }

        foreach (ref var list in _postings.AsSpan(0, _termsUsed))
        {
            list.Renumber(numbers);
        }

        ArrayPool<int>.Shared.Return(numbers);
        _documentsUsed = kept;
        Array.Resize(ref _documents, Math.Max(64, kept * 5 / 4));
    }

    private int IdOf(string term)
    {
        if (_terms.TryGetValue(term, out var id))
        {
            return id;
        }

        if (!_freeTerms.TryPop(out id))
        {
            id = _termsUsed++;
            if (id == _postings.Length)
            {
                var size = _postings.Length * 3 / 2;
                Array.Resize(ref _postings, size);
                Array.Resize(ref _termText, size);
                Array.Resize(ref _counts, size);
            }
        }

        _terms.Add(term, id);
        _termText[id] = term;
        return id;
    }

    private void Forget(int term)
    {
        _terms.Remove(_termText[term]!);
        _termText[term] = null;
        _postings[term] = default;
        _freeTerms.Push(term);
    }

    /// <param name="Row">Of the shard; −1 when removed.</param>
    /// <param name="Length">In words, repeated ones too.</param>
    private readonly record struct Document(int Row, int Length, byte[]? Terms);

    private ref struct TermReader(ReadOnlySpan<byte> bytes)
    {
        private readonly ReadOnlySpan<byte> _bytes = bytes;
        private int _at;

        public bool Next(out int term, out int count)
        {
            if (_at >= _bytes.Length)
            {
                term = count = 0;
                return false;
            }

            var head = VarInt.Read(_bytes, ref _at);
            term = (int)(head >> 1);
            count = (head & 1) != 0 ? 1 : (int)VarInt.Read(_bytes, ref _at);
            return true;
        }
    }
}
