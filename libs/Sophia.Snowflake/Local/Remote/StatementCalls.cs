using System.Collections.Concurrent;

namespace Sophia.Snowflake.Local.Remote;

/// <summary>What a session's statement gives to the calls that are made for it.</summary>
/// <param name="QueryId">Under which services are told of the statement.</param>
/// <param name="Stop">Ends the calls with the statement.</param>
internal sealed record StatementCalls(string QueryId, CancellationToken Stop)
{
    private readonly ConcurrentDictionary<(string Function, int Thread), Dictionary<string, string?>> _last = new();

    /// <summary>
    /// Answers rows, and again from the last answers of this thread where all rows are among them: a rule of the dialect may name an
    /// argument twice, and the engine then asks twice for the same rows, one time after the other. How often a row is sent is not promised in
    /// Snowflake either (docs.snowflake.com, "External functions best practices").
    /// </summary>
    public IReadOnlyList<string?> Once(string function, IReadOnlyList<string> rows, Func<IReadOnlyList<string?>> ask)
    {
        var key = (function, Environment.CurrentManagedThreadId);
        if (_last.TryGetValue(key, out var last) && rows.All(last.ContainsKey)) return [.. rows.Select(row => last[row])];
        var answers = ask();
        Dictionary<string, string?> now = new(rows.Count, StringComparer.Ordinal);
        for (var i = 0; i < rows.Count; i++) now[rows[i]] = answers[i];
        _last[key] = now;
        return answers;
    }
}
