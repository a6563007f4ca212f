using Microsoft.ML.Tokenizers;

namespace Sophia.Gpu.Models;

/// <summary>The tokenizer of an ONNX model: text to ids with the model's own marks at both ends, cut to what the model sees.</summary>
internal sealed class TextTokens
{
    private const int FairseqUnknown = 3;

    // Of all that a normaliser may have a rule for: accents, ligatures, full width, marks that combine, ideographs, pairs of surrogates.
    private const string Probe = "A first text \u00c9\u00e9\u00df \ufb01 \u2460 \uff21 e\u0301 \u4e2d\u6587 \u0926\u093f \ud83d\ude00\t1,234.5";
    private readonly Tokenizer _tokenizer;
    private readonly int? _first;
    private readonly int? _last;
    private readonly int _most;
    private readonly bool _isFairseq;

    private TextTokens(Tokenizer tokenizer, int count, int? first, int? last, int padding, int most, bool isFairseq = false) =>
        (_tokenizer, Count, _first, _last, Padding, _most, _isFairseq) = (tokenizer, count, first, last, padding, most, isFairseq);

    /// <summary>The id that fills short texts; it is masked, so models do not see it.</summary>
    public int Padding { get; }

    /// <exception cref="ArgumentException">The tokenizer's files are not there or not of a known kind.</exception>
    public static TextTokens Load(ModelOptions options)
    {
        var path = options.Tokenizer!;
        var extension = Path.GetExtension(path).ToLowerInvariant();
        if (extension is not (".txt" or ".model" or ".json"))
        {
            throw new ArgumentException($"'{path}' is not vocab.txt, a .model of SentencePiece, or vocab.json.");
        }

        if (extension == ".json" && options.Merges is null)
        {
            throw new ArgumentException("A vocab.json needs its merges.txt: set Merges.");
        }

        try
        {
            var most = options.MaxTokens ?? ModelFactory.DefaultMaxTokens(options.Kind);
            var tokens = extension switch
            {
                ".txt" => WordPiece(path, options.LowerCase, most),
                ".model" => SentencePiece(path, most, IsFairseq(options)),
                _ => ByteLevelPairs(path, options.Merges!, most),
            };
            _ = tokens.Encode(Probe);
            return tokens;
        }
        catch (Exception error) when (error is not OutOfMemoryException)
        {
            // The loaders check little: what they throw at a file that is cut short or hostile is of any type, a null reference among them.
            throw new ArgumentException($"The tokenizer '{path}' cannot be read, or is damaged: {(error as ModelCallException)?.InnerException?.Message ?? error.Message}", error);
        }
    }

    /// <summary>How many tokens the vocabulary has, by its greatest id: a model needs a row for each.</summary>
    public int Count { get; }

    /// <summary>The id of what the vocabulary does not have; null where every text has tokens.</summary>
    public int? Unknown => _tokenizer switch
    {
        BertTokenizer bert => bert.UnknownTokenId,
        SentencePieceTokenizer pieces => _isFairseq ? FairseqUnknown : pieces.UnknownId,
        _ => null,
    };

    /// <summary>The ids of the text alone, cut to what the model sees.</summary>
    public IEnumerable<int> EncodeWithoutMarks(string text) => Numbered(Bare(text, _most));

    public IReadOnlyList<int> Encode(string text)
    {
        var room = _most - (_first is null ? 0 : 1) - (_last is null ? 0 : 1);
        var ids = new List<int>(64);
        if (_first is { } first)
        {
            ids.Add(first);
        }

        ids.AddRange(Numbered(Bare(text, room)));
        if (_last is { } last)
        {
            ids.Add(last);
        }

        return ids;
    }

    private IEnumerable<int> Numbered(IReadOnlyList<int> bare)
    {
        if (!_isFairseq)
        {
            return bare;
        }

        var unknown = ((SentencePieceTokenizer)_tokenizer).UnknownId;
        return bare.Select(id => id == unknown ? FairseqUnknown : id + 1);
    }

    // Each kind adds its own marks unless it is told not to; here they are added once, by us, after the cut.
    private IReadOnlyList<int> Bare(string text, int room)
    {
        try
        {
            return _tokenizer switch
            {
                BertTokenizer bert => bert.EncodeToIds(text, room, addSpecialTokens: false, out _, out _),
                SentencePieceTokenizer pieces => pieces.EncodeToIds(text, addBeginningOfSentence: false, addEndOfSentence: false, room, out _, out _),
                var other => other.EncodeToIds(text, room, out _, out _),
            };
        }
        catch (Exception error) when (error is not OutOfMemoryException)
        {
            // A rule of a damaged normaliser is met by the first text that it is for.
            throw new ModelCallException($"Its tokenizer fails at a text, so its file is damaged: {error.Message}", error);
        }
    }

    private static TextTokens WordPiece(string path, bool lowerCase, int most)
    {
        var bert = BertTokenizer.Create(path, new BertOptions { LowerCaseBeforeTokenization = lowerCase });
        // The line is the id; an empty one is no token.
        var (lines, count) = (0, 0);
        foreach (var line in File.ReadLines(path))
        {
            lines++;
            count = line.Length > 0 ? lines : count;
        }

        return new TextTokens(bert, count, bert.ClassificationTokenId, bert.SeparatorTokenId, bert.PaddingTokenId, most);
    }

    internal static bool IsFairseq(ModelOptions options) =>
        options.PieceIds is { } ids ? ids == PieceIds.Fairseq : Path.GetFileName(options.Tokenizer) == "sentencepiece.bpe.model";

    private static TextTokens SentencePiece(string path, int most, bool isFairseq)
    {
        using var stream = File.OpenRead(path);
        var pieces = SentencePieceTokenizer.Create(stream, addBeginningOfSentence: false, addEndOfSentence: false, specialTokens: null);
        var count = CountOf(pieces.Vocabulary);
        return isFairseq ? new TextTokens(pieces, count + 1, first: 0, last: 2, padding: 1, most, isFairseq: true) : new TextTokens(
            pieces, count, pieces.BeginningOfSentenceId >= 0 ? pieces.BeginningOfSentenceId : null,
            pieces.EndOfSentenceId >= 0 ? pieces.EndOfSentenceId : null, Math.Max(0, pieces.UnknownId), most);
    }

    private static int CountOf(IReadOnlyDictionary<string, int> vocabulary) => vocabulary.Count == 0 ? 0 : checked(vocabulary.Values.Max() + 1);

    private static TextTokens ByteLevelPairs(string path, string merges, int most)
    {
        var tokenizer = BpeTokenizer.Create(new BpeOptions(path, merges) { ByteLevel = true, PreTokenizer = RobertaPreTokenizer.Instance });
        int? Id(params ReadOnlySpan<string> names)
        {
            foreach (var name in names)
            {
                if (tokenizer.Vocabulary.TryGetValue(name, out var id))
                {
                    return id;
                }
            }

            return null;
        }

        return new TextTokens(tokenizer, CountOf(tokenizer.Vocabulary), Id("<s>", "[CLS]"), Id("</s>", "[SEP]"), Id("<pad>", "[PAD]") ?? 0, most);
    }
}
