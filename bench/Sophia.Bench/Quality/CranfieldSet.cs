using System.Globalization;
using System.Text.RegularExpressions;

namespace Sophia.Bench.Quality;

/// <summary>
/// The Cranfield collection in the form of TREC: cran.all.1400.xml, cran.qry.xml, cranqrel.trec.txt. The n-th question of
/// the file is number n of the judgements; a judgement above 0 counts as relevant.
/// </summary>
internal static partial class CranfieldSet
{
    public static LabelledSet Read(string name, string folder)
    {
        var records = new List<LabelledRecord>();
        foreach (Match match in Document().Matches(File.ReadAllText(Path.Combine(folder, "cran.all.1400.xml"))))
        {
            // The text begins with the title, so the title is not said twice.
            records.Add(new LabelledRecord(match.Groups[1].Value.Trim(), System.Net.WebUtility.HtmlDecode(match.Groups[2].Value).Trim()));
        }

        var relevant = new Dictionary<int, HashSet<string>>();
        foreach (var line in File.ReadLines(Path.Combine(folder, "cranqrel.trec.txt")))
        {
            var parts = line.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
            if (parts.Length == 4 && int.Parse(parts[3], CultureInfo.InvariantCulture) > 0)
            {
                var number = int.Parse(parts[0], CultureInfo.InvariantCulture);
                (relevant.TryGetValue(number, out var keys) ? keys : relevant[number] = []).Add(parts[2]);
            }
        }

        var questions = Question().Matches(File.ReadAllText(Path.Combine(folder, "cran.qry.xml")))
            .Select((match, i) => new LabelledQuestion(match.Groups[1].Value.Trim(), "all", relevant.GetValueOrDefault(i + 1) ?? []))
            .Where(question => question.Relevant.Count > 0)
            .ToArray();
        return new LabelledSet(name, SetKind.Documents, [new LabelledCollection("cranfield", records, questions, IsHeldOut: false)]);
    }

    [GeneratedRegex(@"<docno>\s*(\d+)\s*</docno>.*?<text>(.*?)</text>", RegexOptions.Singleline)]
    private static partial Regex Document();

    [GeneratedRegex("<title>(.*?)</title>", RegexOptions.Singleline)]
    private static partial Regex Question();
}
