using System.Runtime.InteropServices;
using Sophia.Gpu.Text;

namespace Sophia.Gpu.Lexical;

/// <summary>
/// The inverted index of a shard, in memory and incremental.
/// <list type="number">
/// <item>A document gets the next number; its words are kept in their order as numbers of terms (the forward list), which
/// also serves phrases and exact scores.</item>
/// <item>The newest documents are searched through their forward lists alone. Every 512 documents (or 16,384 words, so
/// that no write waits for milliseconds) these are sorted by term and appended to the postings: a list is touched once for
/// many documents.</item>
/// <item>A removed document leaves its postings, but its terms' document counts and the sum of lengths go down at once, so
/// that scores depend on what is there, never on what was. A term of no document is forgotten. Its forward list is
/// overwritten: nothing tells any more in what order its words stood.</item>
/// <item>When the removed outnumber the living (and 65,536 documents or a million words), everything is rewritten under
/// new numbers, beside searches: constant time a removal over the long run.</item>
/// </list>
/// One thread at a time changes it, while none reads.
/// </summary>
internal sealed partial class LexicalIndex
{
    private const int WordsAtOnce = 128;
    private const int RecentDocuments = 512;
    private const int RecentWords = 1 << 14;

    private readonly TermTable _terms = new();
    private ForwardLists _forward = new();
    private PostingTable _postings = new();
    private PostingSlabs _slabs = new();
    private byte[] _list = new byte[512];
    private Document[] _documents = new Document[64];
    private int[] _lengths = new int[64];
    private int _documentsUsed;
    private int _inverted;
    private int _recentWords;
    private long _words;
    private long _removedWords;
    private long _changes;

    /// <summary>Of the posting lists, without what the slabs have.</summary>
    private long _listBytes;

    public int Count { get; private set; }

    public int Terms => _terms.Count;

    /// <summary>Of all living documents together.</summary>
    public long Words => _words;

    public long SizeInMemory =>
        (_postings.Length * 32L) + _slabs.SizeInMemory + _listBytes +
        _terms.SizeInMemory + (_terms.Vocabulary?.SizeInMemory ?? 0) + _forward.SizeInMemory + (_documents.Length * 20L);

    public int Add(int row, List<Word> words) => Add(row, CollectionsMarshal.AsSpan(words));

    /// <summary>Adds the words of a row of the shard as a document; returns its number, which lasts until <see cref="Become"/>.</summary>
    public int Add(int row, ReadOnlySpan<Word> words)
    {
        if (_documentsUsed == _documents.Length)
        {
            Array.Resize(ref _documents, _documents.Length * 3 / 2);
            Array.Resize(ref _lengths, _documents.Length);
        }

        if (_list.Length < words.Length * VarInt.MostBytesOfInt)
        {
            _list = new byte[words.Length * VarInt.MostBytesOfInt];
        }

        var document = _documentsUsed++;
        var length = 0;
        var change = ++_changes;
        Span<int> guesses = stackalloc int[WordsAtOnce];
        for (var rest = words; !rest.IsEmpty; rest = rest[Math.Min(WordsAtOnce, rest.Length)..])
        {
            var some = rest[..Math.Min(WordsAtOnce, rest.Length)];
            _terms.Guess(some, guesses);
            for (var i = 0; i < some.Length; i++)
            {
                var term = _terms.NumberOf(some[i], guesses[i]);
                ref var entry = ref _terms[term];
                if (entry.CountedBy != change)
                {
                    entry.CountedBy = change;
                    entry.Documents++;
                }

                VarInt.Write(_list, ref length, (ulong)term);
            }
        }

        _documents[document] = new Document(row, _forward.Add(_list.AsSpan(0, length)));
        _list.AsSpan(0, length).Clear();
        _lengths[document] = words.Length;
        _words += words.Length;
        Count++;
        _recentWords += words.Length;
        if (_documentsUsed - _inverted >= RecentDocuments || _recentWords >= RecentWords)
        {
            Invert();
            _list = _list.Length > 1 << 16 ? new byte[512] : _list;
        }

        return document;
    }

    public void Remove(int document)
    {
        var change = ++_changes;
        var reader = Read(document);
        while (reader.Next(out var term))
        {
            ref var entry = ref _terms[term];
            if (entry.CountedBy != change)
            {
                entry.CountedBy = change;
                if (--entry.Documents == 0)
                {
                    Forget(term);
                }
            }
        }

        _words -= _lengths[document];
        _removedWords += _lengths[document];
        _forward.Overwrite(_documents[document].Place, reader.At);
        _documents[document] = Document.Removed;
        Count--;
    }

    /// <summary>Living documents with the term.</summary>
    public int DocumentsWith(string term) => _terms.Find(term) is >= 0 and var number ? _terms[number].Documents : 0;

    /// <summary>The terms as words to be spelled, made on first use.</summary>
    /// <param name="most">New terms to take in at most.</param>
    /// <param name="isComplete">False if there are more.</param>
    public Vocabulary Spelled(int most, out bool isComplete)
    {
        var vocabulary = _terms.Vocabulary ??= new Vocabulary();
        isComplete = vocabulary.Grow(_terms, most);
        return vocabulary;
    }

    private TermReader Read(int document) => new(_forward.From(_documents[document].Place), _lengths[document]);

    private void Forget(int term)
    {
        _terms.Remove(term);
        if (term < _postings.Length)
        {
            _listBytes -= _postings[term].SizeInMemory;
            _postings[term].Free(_slabs);
            _postings[term] = default;
        }
    }

    /// <param name="Row">Of the shard; −1 when removed.</param>
    /// <param name="Place">Of its words.</param>
    internal readonly record struct Document(int Row, long Place)
    {
        public static Document Removed => new(-1, 0);
    }

    /// <summary>The terms of a document in the order of its words.</summary>
    private ref struct TermReader(ReadOnlySpan<byte> bytes, int words)
    {
        private readonly ReadOnlySpan<byte> _bytes = bytes;
        private int _left = words;
        private int _at;

        public readonly int At => _at;

        public bool Next(out int term)
        {
            if (--_left < 0)
            {
                term = 0;
                return false;
            }

            term = (int)VarInt.Read(_bytes, ref _at);
            return true;
        }
    }
}
