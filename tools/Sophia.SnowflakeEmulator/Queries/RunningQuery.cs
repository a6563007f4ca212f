using Sophia.Snowflake.Local;

namespace Sophia.SnowflakeEmulator.Queries;

/// <summary>One statement, from its arrival until its result is forgotten.</summary>
internal sealed class RunningQuery(string requestId, string sql) : IDisposable
{
    private readonly CancellationTokenSource _stop = new();

    /// <summary>A UUID, as the drivers want it.</summary>
    public string Id { get; } = Guid.NewGuid().ToString();
    public string RequestId { get; } = requestId;
    public string Sql { get; } = sql;

    /// <summary>The results, one for each statement of the text; fails with a <see cref="SnowflakeException"/>.</summary>
    public Task<IReadOnlyList<QueryResult>> Results { get; private set; } = Task.FromResult<IReadOnlyList<QueryResult>>([]);

    public void Start(Func<CancellationToken, Task<IReadOnlyList<QueryResult>>> work) => Results = work(_stop.Token);

    public void Stop() => _stop.Cancel();

    /// <summary>Lets go of the results, once the statement has ended.</summary>
    public void Release()
    {
        if (!Results.IsCompletedSuccessfully) return;
        foreach (var result in Results.Result) result.Release();
    }

    // The source of the cancellation needs no disposal: it has neither a timer nor a wait handle.
    public void Dispose() => Stop();
}
