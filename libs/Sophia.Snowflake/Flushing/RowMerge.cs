using System.Globalization;

namespace Sophia.Snowflake.Flushing;

/// <summary>A column of a MERGE: its name, and how its text becomes its value (? stands for the text); empty for a text that stays one.</summary>
internal readonly record struct MergeColumn(string Name, string Cast = "?");

/// <summary>Writes few rows, new or changed, in one MERGE with its values bound: Snowflake holds no primary keys.</summary>
/// <param name="onlyIf">Where a row that is there is to be changed: a condition on it, t, and on the new one, s; empty for always.</param>
internal sealed class RowMerge(string table, IReadOnlyList<MergeColumn> keys, IReadOnlyList<MergeColumn> others, string onlyIf = "")
{
    private const int MostRows = 200;

    /// <param name="rows">Values in the order of the keys, then of the others; numbers and times as their invariant texts.</param>
    public async Task<long> WriteAsync(FlushSession session, IReadOnlyList<object?[]> rows, CancellationToken cancellationToken)
    {
        var written = 0L;
        foreach (var some in rows.Chunk(MostRows))
        {
            await session.ExecuteAsync(Statement(some.Length), cancellationToken, [.. some.SelectMany(static row => row.Select(Text))]).ConfigureAwait(false);
            written += some.Length;
        }

        return written;
    }

    private string Statement(int rows)
    {
        MergeColumn[] all = [.. keys, .. others];
        var values = string.Join(", ", Enumerable.Repeat($"({string.Join(", ", all.Select(static _ => "?::VARCHAR"))})", rows));
        return $"""
            MERGE INTO {table} AS t
            USING (SELECT {string.Join(", ", all.Select(static (c, i) => $"{c.Cast.Replace("?", $"column{i + 1}", StringComparison.Ordinal)} AS {c.Name}"))} FROM (VALUES {values})) AS s
            ON {string.Join(" AND ", keys.Select(static c => $"t.{c.Name} = s.{c.Name}"))}
            WHEN MATCHED{(onlyIf.Length > 0 ? " AND " + onlyIf : "")} THEN UPDATE SET {string.Join(", ", others.Select(static c => $"{c.Name} = s.{c.Name}"))}
            WHEN NOT MATCHED THEN INSERT ({string.Join(", ", all.Select(static c => c.Name))}) VALUES ({string.Join(", ", all.Select(static c => "s." + c.Name))})
            """;
    }

    private static object? Text(object? value) => value switch
    {
        DateTimeOffset time => time.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss.ffffff", CultureInfo.InvariantCulture),
        IFormattable formattable => formattable.ToString(null, CultureInfo.InvariantCulture),
        _ => value,
    };
}
