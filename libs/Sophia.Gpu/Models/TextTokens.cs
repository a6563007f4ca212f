using Microsoft.ML.Tokenizers;

namespace Sophia.Gpu.Models;

/// <summary>The tokenizer of an ONNX model: text to ids with the model's own marks at both ends, cut to what the model sees.</summary>
internal sealed class TextTokens
{
    private const int FairseqUnknown = 3;
    private readonly Tokenizer _tokenizer;
    private readonly int? _first;
    private readonly int? _last;
    private readonly int _most;
    private readonly bool _isFairseq;

    private TextTokens(Tokenizer tokenizer, int? first, int? last, int padding, int most, bool isFairseq = false) =>
        (_tokenizer, _first, _last, Padding, _most, _isFairseq) = (tokenizer, first, last, padding, most, isFairseq);

    /// <summary>The id that fills short texts; it is masked, so models do not see it.</summary>
    public int Padding { get; }

    /// <exception cref="ArgumentException">The tokenizer's files are not there or not of a known kind.</exception>
    public static TextTokens Load(ModelOptions options)
    {
        var path = options.Tokenizer!;
        var most = options.MaxTokens ?? ModelFactory.DefaultMaxTokens(options.Kind);
        try
        {
            return Path.GetExtension(path).ToLowerInvariant() switch
            {
                ".txt" => WordPiece(path, options.LowerCase, most),
                ".model" => SentencePiece(path, most, IsFairseq(options)),
                ".json" => ByteLevelPairs(path, options.Merges, most),
                _ => throw new ArgumentException($"'{path}' is not vocab.txt, a .model of SentencePiece, or vocab.json."),
            };
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or InvalidOperationException or InvalidDataException or
            System.Text.Json.JsonException or Google.Protobuf.InvalidProtocolBufferException or KeyNotFoundException or NotSupportedException)
        {
            throw new ArgumentException($"The tokenizer '{path}' cannot be read: {error.Message}", error);
        }
    }

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
    private IReadOnlyList<int> Bare(string text, int room) => _tokenizer switch
    {
        BertTokenizer bert => bert.EncodeToIds(text, room, addSpecialTokens: false, out _, out _),
        SentencePieceTokenizer pieces => pieces.EncodeToIds(text, addBeginningOfSentence: false, addEndOfSentence: false, room, out _, out _),
        var other => other.EncodeToIds(text, room, out _, out _),
    };

    private static TextTokens WordPiece(string path, bool lowerCase, int most)
    {
        var bert = BertTokenizer.Create(path, new BertOptions { LowerCaseBeforeTokenization = lowerCase });
        return new TextTokens(bert, bert.ClassificationTokenId, bert.SeparatorTokenId, bert.PaddingTokenId, most);
    }

    internal static bool IsFairseq(ModelOptions options) =>
        options.PieceIds is { } ids ? ids == PieceIds.Fairseq : Path.GetFileName(options.Tokenizer) == "sentencepiece.bpe.model";

    private static TextTokens SentencePiece(string path, int most, bool isFairseq)
    {
        using var stream = File.OpenRead(path);
        var pieces = SentencePieceTokenizer.Create(stream, addBeginningOfSentence: false, addEndOfSentence: false, specialTokens: null);
        return isFairseq ? new TextTokens(pieces, first: 0, last: 2, padding: 1, most, isFairseq: true) : new TextTokens(
            pieces, pieces.BeginningOfSentenceId >= 0 ? pieces.BeginningOfSentenceId : null,
            pieces.EndOfSentenceId >= 0 ? pieces.EndOfSentenceId : null, Math.Max(0, pieces.UnknownId), most);
    }

    private static TextTokens ByteLevelPairs(string path, string? merges, int most)
    {
        if (merges is null)
        {
            throw new ArgumentException("A vocab.json needs its merges.txt: set Merges.");
        }

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

        return new TextTokens(tokenizer, Id("<s>", "[CLS]"), Id("</s>", "[SEP]"), Id("<pad>", "[PAD]") ?? 0, most);
    }
}
