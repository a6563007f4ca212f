namespace Sophia.SnowflakeEmulator.Queries;

/// <summary>A session's statements by request and by id: a repeated request finds the statement that it started, and its result.</summary>
internal sealed class QueryLog(int kept)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, RunningQuery> _byRequest = [];
    private readonly Dictionary<string, (RunningQuery Query, int Part)> _byId = [];
    private readonly Queue<RunningQuery> _finished = new();
    private bool _over;

    /// <summary>Starts a statement, or gives the one that the same request has started; null where the session has ended meanwhile.</summary>
    public RunningQuery? Start(string requestId, string sql, Func<CancellationToken, Task<IReadOnlyList<QueryResult>>> work)
    {
        lock (_lock)
        {
            if (_byRequest.TryGetValue(requestId, out var known)) return known;
            if (_over) return null;
            var query = new RunningQuery(requestId, sql);
            _byRequest[requestId] = query;
            _byId[query.Id] = (query, -1);
            query.Start(work);
            query.Results.ContinueWith(_ => Finished(query), CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
            return query;
        }
    }

    /// <summary>How many statements are at work.</summary>
    public int Running
    {
        get { lock (_lock) return _byRequest.Values.Count(static q => !q.Results.IsCompleted); }
    }

    /// <summary>The statement of a request that is still known.</summary>
    public RunningQuery? OfRequest(string requestId)
    {
        lock (_lock) return _byRequest.GetValueOrDefault(requestId);
    }

    /// <returns>The statement, and which of its results is meant; -1 for all.</returns>
    public (RunningQuery Query, int Part)? OfId(string id)
    {
        lock (_lock) return _byId.TryGetValue(id, out var found) ? found : null;
    }

    /// <summary>The id by which one result of several is read.</summary>
    public static string PartId(RunningQuery query, int part) => $"{query.Id[..^12]}{part + 1:x12}";

    /// <summary>Lets the results of several statements be read one by one.</summary>
    public void NameParts(RunningQuery query, int parts)
    {
        lock (_lock)
        {
            for (var i = 0; i < parts; i++) _byId[PartId(query, i)] = (query, i);
        }
    }

    private void Finished(RunningQuery query)
    {
        lock (_lock)
        {
            _finished.Enqueue(query);
            while (_finished.Count > (_over ? 0 : kept))
            {
                var old = _finished.Dequeue();
                old.Release();
                _byRequest.Remove(old.RequestId);
                foreach (var id in _byId.Where(p => p.Value.Query == old).Select(static p => p.Key).ToArray()) _byId.Remove(id);
            }
        }
    }

    /// <summary>Stops what is at work and lets go of all results; done when no statement is at work any more.</summary>
    public Task EndAsync()
    {
        lock (_lock)
        {
            _over = true;
            var all = _byRequest.Values.ToArray();
            foreach (var query in all) query.Stop();
            while (_finished.TryDequeue(out var query)) query.Release();
            return Task.WhenAll(all.Select(static q => q.Results.ContinueWith(static _ => { }, TaskScheduler.Default)));
        }
    }
}
