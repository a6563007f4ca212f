using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace Sophia.Bench.Quality;

/// <summary>
/// The set that the project makes itself, anew at each run, of what the machine has: nothing of it is labelled by hand.
/// <list type="number">
/// <item><c>commits</c>: the records are the sections of the repository's Markdown. A question is the subject of a commit;
/// the sections that still hold a line of at least <see cref="ShortestLine"/> characters which that commit added answer it.</item>
/// <item><c>packages</c>: the records are the long descriptions of the installed Debian packages, without their names. A
/// question is the one-line summary of a package; its description answers it. Of equal descriptions the first is kept.</item>
/// </list>
/// The figures belong to a commit and a machine; the comparison with BM25 is made on the same records in the same run.
/// </summary>
internal static class OwnSet
{
    private const int ShortestLine = 40;
    private const int ShortestDescription = 120;

    /// <exception cref="IOException">git or dpkg-query failed.</exception>
    public static LabelledSet Read(string name, string repository) => new(name, SetKind.Documents, [Commits(repository), Packages()]);

    private static LabelledCollection Commits(string repository)
    {
        var sections = new List<LabelledRecord>();
        var sectionsOf = new Dictionary<string, List<string>>(StringComparer.Ordinal);
        foreach (var path in Run("git", ["-C", repository, "ls-files", "*.md"]).Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            AddSections(path, File.ReadAllLines(Path.Combine(repository, path)), sections, sectionsOf);
        }

        var questions = new List<LabelledQuestion>();
        foreach (var commit in Run("git", ["-C", repository, "log", "-p", "-U0", "--no-color", "--format=%x1e%s", "--", "*.md"]).Split('\x1e', StringSplitOptions.RemoveEmptyEntries))
        {
            var lines = commit.Split('\n');
            var relevant = lines.Skip(1).Where(line => line.StartsWith('+') && !line.StartsWith("+++", StringComparison.Ordinal))
                .SelectMany(line => sectionsOf.GetValueOrDefault(line[1..].Trim()) ?? []).ToHashSet(StringComparer.Ordinal);
            if (relevant.Count > 0)
            {
                questions.Add(new LabelledQuestion(lines[0], "commits", relevant));
            }
        }

        return new LabelledCollection("commits", sections, questions, IsHeldOut: false);
    }

    private static void AddSections(string path, string[] lines, List<LabelledRecord> sections, Dictionary<string, List<string>> sectionsOf)
    {
        var position = 0;
        for (var from = 0; from < lines.Length; position++)
        {
            var to = from + 1;
            while (to < lines.Length && !lines[to].StartsWith('#'))
            {
                to++;
            }

            // Numbers as keys, which match nothing: what is looked for is in the text.
            var key = string.Create(CultureInfo.InvariantCulture, $"{sections.Count + 1:D5}");
            sections.Add(new LabelledRecord(key, string.Join('\n', lines[from..to]), path, position, IsTurn: false));
            foreach (var line in lines[from..to].Select(line => line.Trim()).Where(line => line.Length >= ShortestLine).Distinct(StringComparer.Ordinal))
            {
                (sectionsOf.TryGetValue(line, out var at) ? at : sectionsOf[line] = []).Add(key);
            }

            from = to;
        }
    }

    private static LabelledCollection Packages()
    {
        var records = new List<LabelledRecord>();
        var questions = new List<LabelledQuestion>();
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var package in Run("dpkg-query", ["-W", "-f=${Description}\x1e"]).Split('\x1e'))
        {
            if (package.Split('\n', 2) is [{ Length: > 0 } summary, var description] && description.Length >= ShortestDescription && seen.Add(description))
            {
                var key = string.Create(CultureInfo.InvariantCulture, $"{records.Count + 1:D5}");
                records.Add(new LabelledRecord(key, description));
                questions.Add(new LabelledQuestion(summary, "packages", new HashSet<string>(StringComparer.Ordinal) { key }));
            }
        }

        return new LabelledCollection("packages", records, questions, IsHeldOut: false);
    }

    private static string Run(string program, string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments)
        {
            RedirectStandardOutput = true, StandardOutputEncoding = Encoding.UTF8,
        })!;
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0 ? output : throw new IOException($"{program} {string.Join(' ', arguments)} ended with {process.ExitCode}.");
    }
}
