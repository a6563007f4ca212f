using System.Buffers;

namespace Sophia.Gpu.Text;

/// <summary>The term that a word stands for.</summary>
internal sealed partial class TextAnalyzer
{
    private static readonly SearchValues<char> NotOfGrammar = SearchValues.Create("0123456789_.");

    private Word Make(ReadOnlySpan<char> raw)
    {
        var text = raw.ToString();
        var composed = Accents.Compose(text);
        var isStopWord = _language is { } language && !raw.ContainsAny(NotOfGrammar) && language.IsStopWord(language.FoldsAccents ? composed : text);
        return ReferenceEquals(composed, text)
            ? new Word(text, TermOf(text), isStopWord)
            : new Word(text, TermOf(composed), isStopWord, composed: composed) { Embedded = StemOf(text) };
    }

    /// <summary>The term that a raw word stands for, past the cache: the same whether a letter and its accent are one character or two.</summary>
    public string TermOf(string raw)
    {
        var stem = StemOf(Accents.Compose(raw));
        return _language is { FoldsAccents: true } language && !raw.AsSpan().ContainsAny(NotOfGrammar) ? Accents.Fold(stem, language.Kept) : stem;
    }

    private string StemOf(string word)
    {
        // Numbers and identifiers have no grammar to take off.
        if (_language is not { } language || word.AsSpan().ContainsAny(NotOfGrammar))
        {
            return word;
        }

        Span<char> buffer = stackalloc char[2 * WordReader.MaxLength];
        word.CopyTo(buffer);
        var stem = buffer[..language.Stem(buffer, word.Length)];
        return stem.SequenceEqual(word) ? word : stem.ToString();
    }
}
