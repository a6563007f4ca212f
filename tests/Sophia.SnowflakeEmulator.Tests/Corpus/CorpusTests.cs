using System.Globalization;
using CsCheck;
using Sophia.Snowflake.Local;
using Sophia.Tests.Infrastructure;

namespace Sophia.SnowflakeEmulator.Tests.Corpus;

/// <summary>What the dialect is: each statement of the corpus with its titles and rows, or the number by which it is refused.</summary>
public sealed class CorpusTests
{
    private static readonly string[] Lines = File.ReadAllLines(Path.Combine(AppContext.BaseDirectory, "Corpus", "dialect.sql"));

    public static TheoryData<string, string> Statements()
    {
        var all = new TheoryData<string, string>();
        foreach (var line in Lines.Where(IsStatement)) all.Add(line.Split(" --> ")[0], line.Split(" --> ")[1]);
        return all;
    }

    [Theory]
    [MemberData(nameof(Statements))]
    public async Task A_statement_gives_what_the_corpus_says(string sql, string expected)
    {
        using var engine = new LocalSnowflake();
        using var session = engine.OpenSession();
        foreach (var line in Lines.Where(static l => l.EndsWith(';'))) await session.ExecuteAsync(line);

        Assert.Equal(expected, await AnswerAsync(session, sql));
    }

    [Fact]
    public void The_documentation_says_how_many_statements_there_are() => Assert.Contains(
        $"`tests/Sophia.SnowflakeEmulator.Tests/Corpus/dialect.sql`, has {Lines.Count(IsStatement)} statements,",
        File.ReadAllText(Path.Combine(Repository.Root, "docs", "local-snowflake.md")), StringComparison.Ordinal);

    private static bool IsStatement(string line) => line.Contains(" --> ", StringComparison.Ordinal);

    private static async Task<string> AnswerAsync(LocalSession session, string sql)
    {
        try
        {
            var result = await session.ExecuteAsync(sql);
            return string.Join(", ", result.Columns.Select(static c => c.Name)) + " | " + string.Join(" / ", result.Rows.Select(static row => string.Join(", ", row.Select(Shown))));
        }
        catch (SnowflakeException error) { return error.Code; }
    }

    private static string Shown(object? value) => value switch
    {
        null => "NULL",
        DateOnly date => date.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture),
        DateTime moment => moment.ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture),
        _ => Convert.ToString(value, CultureInfo.InvariantCulture)!,
    };

    [Fact]
    public void Any_order_of_words_is_read_or_refused()
    {
        using var engine = new LocalSnowflake();
        using var session = engine.OpenSession();
        var words = Lines.SelectMany(static l => l.Split(' ')).Distinct().ToArray();

        Gen.Int[0, words.Length - 1].Array[1, 14].Sample(
            places =>
            {
                try { session.ExecuteAsync("select " + string.Join(' ', places.Select(i => words[i])), describeOnly: true).GetAwaiter().GetResult(); }
                catch (SnowflakeException error) { Assert.Matches("^[0-9]{6}$", error.Code); }
            },
            iter: 400, threads: 1);
    }
}
