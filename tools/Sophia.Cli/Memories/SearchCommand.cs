using System.CommandLine;
using System.Globalization;
using Sophia.Cli.Terminal;
using Sophia.Client;
using Spectre.Console;

namespace Sophia.Cli.Memories;

/// <summary><c>sophia search</c>: hits best first; no hit is an answer too.</summary>
internal static class SearchCommand
{
    private const int SnippetCharacters = 220;
    private const double RecencyHalfLifeDays = 30;

    public static Command Create(Surroundings surroundings)
    {
        var words = new Argument<string[]>("query") { Description = "What to look for.", Arity = ArgumentArity.OneOrMore };
        var space = Service.Namespace();
        var k = new Option<int>("--k", "-k") { Description = "How many hits at most.", DefaultValueFactory = static _ => 10 };
        var mode = new Option<SearchMode?>("--mode", "-m") { Description = "hybrid (default), lexical or vector." };
        var tags = new Option<string[]>("--tag") { Description = "Only records with this tag; may be repeated, all must be there.", HelpName = "tag" };
        var prefix = new Option<string?>("--prefix") { Description = "Only keys that begin so.", HelpName = "key" };
        var around = new Option<int?>("--context") { Description = "Show so many records before and after each hit of its conversation or document.", HelpName = "n" };
        var recency = new Option<double?>("--recency") { Description = "How much newer records gain, 0 to 1; a month counts half.", HelpName = "weight" };
        around.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int?>() is < 0 or > 20) result.AddError("--context is from 0 to 20.");
        });
        recency.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<double?>() is { } weight && !(weight is >= 0 and <= 1)) result.AddError("--recency is from 0 to 1.");
        });
        var exact = new Option<bool>("--no-typos") { Description = "Look for the words as they are written, without corrections." };
        k.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int>() < 1) result.AddError("-k must be at least 1.");
        });
        var command = new Command("search", "Find records: hits on stdout, the tier and the time on stderr.") { words, space, k, mode, tags, prefix, around, recency, exact };
        command.SetAction(async (parse, cancellationToken) =>
        {
            var filter = new MemoryFilter
            {
                AllTags = parse.GetValue(tags) is { Length: > 0 } given ? given : null,
                KeyPrefix = parse.GetValue(prefix),
            };
            var answer = await Service.Connect(parse, surroundings).SearchAsync(
                parse.GetRequiredValue(space),
                new SearchRequest
                {
                    Query = string.Join(' ', parse.GetRequiredValue(words)), K = parse.GetValue(k), Mode = parse.GetValue(mode),
                    Context = parse.GetValue(around), Typos = parse.GetValue(exact) ? false : null,
                    Recency = parse.GetValue(recency) is { } weight ? new RecencyWeight(weight, RecencyHalfLifeDays) : null,
                    Filter = filter.AllTags is null && filter.KeyPrefix is null ? null : filter,
                },
                cancellationToken);
            var output = parse.InvocationConfiguration.Output;
            if (parse.GetValue(Service.Json))
            {
                await output.WriteLineAsync(CliJson.Text(CliJson.Describe(answer, CliJson.Default.SearchResult)));
                return ExitCodes.Ok;
            }
            Print(answer.Value.Hits, output, surroundings.OutputIsTerminal ? Styles.Console(output, isTerminal: true, surroundings.Variable) : null);
            var result = answer.Value;
            await surroundings.Error.WriteLineAsync(string.Create(
                CultureInfo.InvariantCulture, $"{result.Hits.Count} hits of {result.Matching} matching · {Served.Line(answer)}"));
            foreach (var note in Notes(result)) await surroundings.Error.WriteLineAsync(Styles.OneLine(note, 500));
            foreach (var correction in result.Understood?.Corrections ?? [])
                await surroundings.Error.WriteLineAsync($"also looked for {Styles.OneLine(string.Join(", ", correction.To), 200)} (for {Styles.OneLine(correction.From, 64)})");
            return ExitCodes.Ok;
        });
        return command;
    }

    /// <summary>What makes the answer another than the question seems to ask for.</summary>
    private static IEnumerable<string> Notes(SearchResult result)
    {
        if (result.Degraded is { } why) yield return $"degraded, mode {result.Mode}: {why}";
        else if (result.WithoutVector > 0) yield return $"{result.WithoutVector} records have no vector and were found by words alone";
        foreach (var missing in result.Partial?.Missing ?? []) yield return $"not looked at: shard {missing.Shard}: {missing.Reason}";
        if (result.Matching == 0 && result.Understood is { Phrases: { Count: > 0 } phrases })
            yield return $"no record that passes the filters has {string.Join(" and ", phrases.Select(static p => $"\"{p}\""))}: take the quotes or the plus away to find others";
    }

    /// <param name="terminal">Null in a pipe, which sees its lines as they are, however long.</param>
    private static void Print(IReadOnlyList<SearchHit> hits, TextWriter output, IAnsiConsole? terminal)
    {
        for (var i = 0; i < hits.Count; i++)
        {
            var rank = string.Create(CultureInfo.InvariantCulture, $"{i + 1,2}  {hits[i].Score:0.0000}  ");
            var key = Styles.OneLine(hits[i].Key, 512);
            if (terminal is null) output.WriteLine(rank + key);
            else
            {
                terminal.Write(new Text(rank));
                terminal.Write(new Text(key, new Style(decoration: Decoration.Bold)));
                terminal.WriteLine();
            }
            foreach (var line in Below(hits[i]))
                if (terminal is null) output.WriteLine(line);
                else terminal.WriteLine(line);
        }
    }

    private static IEnumerable<string> Below(SearchHit hit)
    {
        foreach (var record in hit.Context?.Before ?? []) yield return Around(record);
        yield return "    " + Snippet(ContentOf(hit), hit.MatchedTerms);
        foreach (var record in hit.Context?.After ?? []) yield return Around(record);
        if (hit.Folded is { Count: > 0 } folded)
            yield return $"    ≈ {string.Join(", ", folded.Take(3).Select(static f => Styles.OneLine(f.Key, 80)))}{(folded.Count > 3 ? $" and {folded.Count - 3} more" : "")}";
    }

    private static string Around(MemoryRecord record) => "    │ " + Styles.OneLine(ContentOf(record), SnippetCharacters);

    private static string ContentOf(MemoryRecord record) =>
        record.Bytes is { } bytes ? $"({bytes.Length} bytes, {record.ContentType})" : record.Content?.ToString() ?? "";

    /// <summary>The part of the content around the first matched term.</summary>
    internal static string Snippet(string content, IReadOnlyList<string> terms)
    {
        var at = int.MaxValue;
        foreach (var term in terms)
        {
            var found = content.IndexOf(term, StringComparison.OrdinalIgnoreCase);
            if (found >= 0 && found < at) at = found;
        }
        if (at == int.MaxValue || at < SnippetCharacters / 2) return Styles.OneLine(content, SnippetCharacters);
        var start = content.LastIndexOf(' ', at - SnippetCharacters / 4);
        return "…" + Styles.OneLine(content[(start + 1)..], SnippetCharacters);
    }
}
