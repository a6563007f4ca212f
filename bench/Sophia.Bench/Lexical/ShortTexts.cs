using System.Text;
using Sophia.Bench.Writes;

namespace Sophia.Bench.Lexical;

/// <summary>Short records of real English: windows of about a hundred characters, whole words, each beginning elsewhere in the text.</summary>
internal static class ShortTexts
{
    private const int Characters = 100;

    public static string[] Take(int count)
    {
        var text = EnglishText.Load();
        var records = new string[Math.Min(count, text.Slices)];
        for (var i = 0; i < records.Length; i++)
        {
            var slice = text.Slice(i)[..Characters];
            var end = slice.LastIndexOf((byte)' ');
            records[i] = Encoding.ASCII.GetString(end > 0 ? slice[..end] : slice);
        }

        return records;
    }

    /// <summary>Words of letters with the number of records that they stand in, counted on every tenth record.</summary>
    public static List<(string Word, double Share)> Words(string[] records)
    {
        var counts = new Dictionary<string, int>(StringComparer.Ordinal);
        var looked = 0;
        for (var i = 0; i < records.Length; i += 10, looked++)
        {
            foreach (var word in records[i].ToLowerInvariant().Split(' ').Distinct(StringComparer.Ordinal))
            {
                if (word.Length >= 4 && word.All(char.IsAsciiLetterLower))
                {
                    counts[word] = counts.GetValueOrDefault(word) + 1;
                }
            }
        }

        return [.. counts.Select(pair => (pair.Key, pair.Value / (double)looked)).OrderByDescending(pair => pair.Item2).ThenBy(pair => pair.Key, StringComparer.Ordinal)];
    }
}
