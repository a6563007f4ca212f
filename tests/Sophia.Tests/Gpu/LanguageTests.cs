using CsCheck;
using Sophia.Gpu.Text;

namespace Sophia.Tests.Gpu;

public class LanguageTests
{
    [Theory]
    [InlineData("de", "german")]
    [InlineData("fr", "french")]
    [InlineData("es", "spanish")]
    public void Words_have_the_stems_of_libstemmer(string code, string list)
    {
        var language = Of(code);
        var wrong = new List<string>();
        var count = 0;
        using var lines = new StreamReader(typeof(LanguageTests).Assembly.GetManifestResourceStream($"Stems.{list}")!);
        while (lines.ReadLine() is { } line)
        {
            if (line.StartsWith('#'))
            {
                continue;
            }

            count++;
            var (word, stem) = (line.Split('\t')[0], line.Split('\t')[1]);
            if (Stem(language, word) is var made && made != stem)
            {
                wrong.Add($"{word}: {made}, not {stem}");
            }
        }

        Assert.True(count >= 500);
        Assert.True(wrong.Count == 0, $"{wrong.Count} of {count}: {string.Join("; ", wrong.Take(20))}");
    }

    [Theory]
    [InlineData("de")]
    [InlineData("fr")]
    [InlineData("es")]
    public void Any_letters_give_a_stem_without_marks_of_the_stemmer(string code)
    {
        var language = Of(code);
        Gen.String[ShardRecords.AnyOf("aeiouyqghsntrlcmdëïéèâùçñßäöüíáz".ToCharArray()), 1, WordReader.MaxLength].Sample(word =>
        {
            var stem = Stem(language, word);

            Assert.DoesNotContain(stem, char.IsUpper);
            Assert.InRange(stem.Length, 0, 2 * word.Length);
        });
    }

    [Theory]
    [InlineData("de", "Häuser Straßen", "Haus Strasse")]
    [InlineData("fr", "l’élève répète les œuvres", "eleve repete oeuvre")]
    [InlineData("es", "las canciones rápidas", "cancion rapida")]
    [InlineData("fr", "cafe\u0301s", "café")]
    [InlineData("en", "cafe\u0301s", "café")]
    [InlineData("en", "cafe\u0301_v1.2", "café_v1.2")]
    [InlineData("none", "cafe\u0301", "café")]
    [InlineData("en", "a\u030angstro\u0308m", "ångström")]
    [InlineData("en", "erdo\u030bs", "erdős")]
    [InlineData("none", "c\u030cap\u0307ek s\u0326i z\u0307", "čaṗek și ż")]
    [InlineData("none", "vie\u0323\u0302t", "việt")]
    [InlineData("none", "\u0438\u0306од", "йод")]
    [InlineData("fr", "vie\u0323\u0302t", "viet")]
    [InlineData("de", "Škoda", "skoda")]
    public void Forms_and_spellings_of_a_word_are_one_term(string code, string text, string query) =>
        Assert.Equal(Terms(code, query), Terms(code, text));

    [Fact]
    public void What_is_embedded_of_a_word_is_as_it_was_written_whatever_its_term_is()
    {
        var word = TextAnalyzer.English.Find("ska\u030al");

        Assert.Equal(("skål", "ska\u030al", TermHash.Of("ska\u030al")), (word.Term, word.Embedded, word.TermHash));
    }

    [Theory]
    [InlineData("es", "año", "ano")]
    [InlineData("en", "résumé", "resume")]
    [InlineData("none", "cafés", "cafes")]
    public void Marks_that_tell_words_apart_stay(string code, string one, string other) => Assert.NotEqual(Terms(code, one), Terms(code, other));

    [Theory]
    [InlineData("es", "¿Cuándo se mudó Ben? ¿Dónde?", "mud ben")]
    [InlineData("fr", "Combien de chiens a Ben ? Où ?", "combien chien ben")]
    public void Words_of_questions_are_stop_words_with_their_accents_too(string code, string text, string terms) => Assert.Equal(terms.Split(' '), Terms(code, text));

    [Fact]
    public void The_apostrophe_of_French_parts_the_article_from_its_noun_and_no_other_words()
    {
        var words = new List<Word>();
        TextAnalyzer.For("fr").Analyze("L'homme qu’il dit, aujourd'hui d'O'Brien", words);

        Assert.Equal(["l", "homme", "qu", "il", "dit", "aujourdhui", "d", "obrien"], words.Select(word => word.Raw));
        Assert.True(words[0].IsStopWord && words[2].IsStopWord);
    }

    [Fact]
    public void Words_of_any_text_have_terms_in_every_language() => Gen.String[Gen.Char, 0, 200].Sample(text =>
    {
        foreach (var code in (string[])["en", "de", "fr", "es", "none"])
        {
            var words = new List<Word>();
            TextAnalyzer.For(code).Analyze(text, words);

            Assert.All(words, word => Assert.NotEmpty(word.Term));
        }
    });

    private static Language Of(string code) => code switch { "de" => Language.German, "fr" => Language.French, _ => Language.Spanish };

    private static string Stem(Language language, string word)
    {
        Span<char> letters = stackalloc char[2 * WordReader.MaxLength];
        word.CopyTo(letters);
        return letters[..language.Stem(letters, word.Length)].ToString();
    }

    private static string[] Terms(string code, string text)
    {
        var words = new List<Word>();
        TextAnalyzer.For(code).Analyze(text, words);
        return [.. words.Where(word => !word.IsStopWord).Select(word => word.Term)];
    }
}
