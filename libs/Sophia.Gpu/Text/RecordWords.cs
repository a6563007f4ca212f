using System.Buffers;
using System.Text;
using System.Text.Json;
using Sophia.Memory.Records;

namespace Sophia.Gpu.Text;

/// <summary>
/// The words that a record is found by: of its key, its tags and its content. Of JSON content all string values count,
/// of bytes nothing.
/// </summary>
internal static class RecordWords
{
    private static readonly JsonReaderOptions Options =
        new() { MaxDepth = 1024, CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true };

    /// <param name="isPlaced">
    /// The record has a place in a conversation or document. The numbers in its key are that place: they would match the
    /// numbers and dates of queries, and are left out.
    /// </param>
    /// <param name="symbols">Those of the content.</param>
    /// <returns>How many of the words are of the key and the tags; they stand first.</returns>
    public static int Read(MemoryRecord record, TextAnalyzer analyzer, List<Word> words, bool isPlaced, out SymbolHash symbols)
    {
        symbols = default;
        var before = words.Count;
        analyzer.Analyze(record.Key, words);
        if (isPlaced)
        {
            var kept = before;
            for (var i = before; i < words.Count; i++)
            {
                if (words[i].Raw.AsSpan().ContainsAnyExceptInRange('0', '9'))
                {
                    words[kept++] = words[i];
                }
            }

            words.RemoveRange(kept, words.Count - kept);
        }

        foreach (var tag in record.Tags)
        {
            analyzer.Analyze(tag, words);
        }

        var named = words.Count - before;
        switch (record.Kind)
        {
            case ContentKind.Text when analyzer == TextAnalyzer.English && record.Vector is { } vector && WordHandover.Shared.TryTake(vector, words):
                if (SymbolHash.MayBeIn(record.Content.Span))
                {
                    ReadText(record.Content.Span, null, words, ref symbols);
                }

                break;
            case ContentKind.Text:
                ReadText(record.Content.Span, analyzer, words, ref symbols);
                break;
            case ContentKind.Json:
                var count = words.Count;
                if (!TryReadJson(record.Content.Span, analyzer, words, ref symbols))
                {
                    // What does not parse (or nests too deep) is still found by its words.
                    words.RemoveRange(count, words.Count - count);
                    symbols = default;
                    ReadText(record.Content.Span, analyzer, words, ref symbols);
                }

                break;
            default:
                break;
        }

        return named;
    }

    /// <param name="analyzer">Null where the words are known.</param>
    private static void ReadText(ReadOnlySpan<byte> utf8, TextAnalyzer? analyzer, List<Word> words, ref SymbolHash symbols)
    {
        var chars = ArrayPool<char>.Shared.Rent(utf8.Length);
        var length = Encoding.UTF8.GetChars(utf8, chars);
        analyzer?.Analyze(chars.AsSpan(0, length), words);
        symbols.Add(chars.AsSpan(0, length));
        ArrayPool<char>.Shared.Return(chars);
    }

    private static bool TryReadJson(ReadOnlySpan<byte> utf8, TextAnalyzer analyzer, List<Word> words, ref SymbolHash symbols)
    {
        var before = words.Count;
        try
        {
            var reader = new Utf8JsonReader(utf8, Options);
            while (reader.Read())
            {
                if (reader.TokenType == JsonTokenType.String && JsonText.TryRead(ref reader, out var text))
                {
                    symbols.Add(text, words.Count - before);
                    analyzer.Analyze(text, words);
                }
            }

            return true;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    /// <summary>The string values of JSON, in order; null if it does not parse.</summary>
    public static List<string>? TryReadStrings(ReadOnlySpan<byte> utf8)
    {
        var strings = new List<string>();
        try
        {
            var reader = new Utf8JsonReader(utf8, Options);
            while (reader.Read())
            {
                if (reader.TokenType == JsonTokenType.String && JsonText.TryRead(ref reader, out var text))
                {
                    strings.Add(text);
                }
            }

            return strings;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
