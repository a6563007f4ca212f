using System.Collections.Concurrent;
using System.Diagnostics;
using System.Runtime.ExceptionServices;
using BitFaster.Caching.Lru;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Sophia.Memory.Cortex.Eviction;
using Sophia.Memory.Hierarchy;
using Sophia.Memory.Log;
using Sophia.Memory.Namespaces;
using Sophia.Memory.Stores;
using Sophia.Memory.Tiers;

namespace Sophia.Memory.Cortex;

/// <summary>
/// L2: a cache in front of models. Answers are records of the tenant's reserved namespace, keyed by a hash of whatever changes them;
/// so they are served from the near copy, Redis and L3 like every record, expire like records, and the vectors of their prompts are
/// in a shard of L0, where near prompts are found. Asked in order: the same prompt, a near one, the model. One call per key at
/// a time; failures are not kept, but remembered for some seconds; every call, made and avoided, is in the ledger.
/// </summary>
public sealed partial class CortexMemory : IAsyncDisposable
{
    private const string Complete = "complete";
    private const int FailuresRemembered = 1024;
    private static readonly TimeSpan HistoryKept = TimeSpan.FromDays(1);
    private readonly MemoryHierarchy _memory;
    private readonly CortexOptions _options;
    private readonly TimeProvider _clock;
    private readonly ILogger _logger;
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentDictionary<FlightKey, Lazy<Task<CompletionAnswer>>> _flights = new();
    private readonly ConcurrentDictionary<Task, ValueTuple> _calls = new();
    private readonly BudgetMeter _budgets;
    private readonly AnswerEviction _eviction;
    private readonly ConcurrentLru<string, Failure> _failures = new(FailuresRemembered);

    // A host may stop and dispose at once, and each must find the ledger written before it closes the store.
    private readonly Lazy<Task> _ending;

    /// <exception cref="ArgumentException">An option cannot be; the message says how to fix it.</exception>
    public CortexMemory(MemoryHierarchy memory, ChatModelCatalog models, CortexOptions options, ILoggerFactory? loggers = null)
    {
        if (options.Validate() is { } problem)
        {
            throw new ArgumentException(problem, nameof(options));
        }

        (_memory, Models, _options, _clock) = (memory, models, options, memory.Clock);
        _logger = (loggers ?? NullLoggerFactory.Instance).CreateLogger("Sophia.Cortex");
        _ending = new Lazy<Task>(EndAsync);
        _budgets = new BudgetMeter(_clock);
        _eviction = new AnswerEviction(memory, options.CacheBytes, _logger);
        Ledger = new ModelLedger(memory.Store, options.LedgerInterval, _clock, _logger, memory.Meters.L2);
        memory.ReportModels = ReportTier;
    }

    private readonly record struct FlightKey(string Key, long NamespaceId, CacheUse Cache, bool IsResident);

    private sealed record Failure(RefusedException Refusal, DateTimeOffset Until);

    public ChatModelCatalog Models { get; }

    public CortexOptions Options => _options;

    public ModelLedger Ledger { get; }

    /// <summary>Begins to write the ledger down, and to keep the cache within its budget.</summary>
    public void Start()
    {
        Ledger.Start();
        _eviction.Start();
    }

    /// <summary>What the cache takes and what went, over all tenants.</summary>
    public CacheReport CacheReport() => _eviction.Report();

    // Where a kept answer stands is told by the tiers that hold it; what they take is counted there too.
    private TierReport ReportTier()
    {
        var cache = _eviction.Report();
        var (engine, state, reason) = Models.All.Count == 0
            ? ("no chat model", TierState.Off, "No model that completes texts is configured: Sophia:ChatModels.")
            : ($"answers of {string.Join(", ", Models.All.Select(static model => model.Name))}", TierState.Healthy, (string?)null);
        return MemoryHierarchy.Report(_memory.Meters.L2, engine, state, reason, cache.Bytes, cache.BudgetBytes);
    }

    /// <summary>A tenant's kept answers and vectors that are worth least, the first to go first, with what they are worth and why.</summary>
    public IReadOnlyList<CacheWorth> LeastWorth(string tenant, int limit) => _eviction.LeastWorth(tenant, limit);

    /// <summary>Ends calls of models that are under way and writes the ledger down.</summary>
    public ValueTask DisposeAsync() => new(_ending.Value);

    private async Task EndAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        try
        {
            await Task.WhenAll(_flights.Values.Select(static flight => flight.Value).Concat(_calls.Keys)).ConfigureAwait(false);
        }
        catch (Exception error) when (error is OperationCanceledException or RefusedException or StoreUnavailableException)
        {
            // Whoever waits for it has been told.
        }

        await _eviction.DisposeAsync().ConfigureAwait(false);
        await Ledger.DisposeAsync().ConfigureAwait(false);
        _budgets.Dispose();
        _stop.Dispose();
    }

    /// <summary>An answer to the prompt: kept, of a near prompt, or of the model.</summary>
    /// <param name="ns">The namespace whose text the prompt is, for residency; near prompts are looked for in the same one only.</param>
    /// <exception cref="RefusedException">model-not-configured, model-not-found, model-not-resident, budget-exhausted.</exception>
    /// <exception cref="ModelUnavailableException">Nothing is kept for the prompt, and the model does not answer.</exception>
    /// <exception cref="ModelAnswerException">The model refused, or answered nothing.</exception>
    public async ValueTask<CompletionAnswer> CompleteAsync(
        string tenant, NamespaceInfo? ns, CompletionRequest request, Trail trail, CancellationToken cancellationToken)
    {
        var started = Stopwatch.GetTimestamp();
        var isResident = ns is { Settings.Resident: true };
        var model = Models.Route(request.Model, isResident ? ns!.Name : null);
        var key = PromptKey.Of(tenant, model, request);
        var prompt = new Prompt(tenant, ns, model, request, key, isResident);
        if (request.Cache is CacheUse.Near or CacheUse.Exact && await FindKeptAsync(prompt, trail, cancellationToken).ConfigureAwait(false) is { } kept)
        {
            Ledger.Count(tenant, model.Name, Complete, CallOutcome.Hit, kept.InputTokens, kept.OutputTokens, kept.Avoided, Stopwatch.GetElapsedTime(started));
            return kept;
        }

        if (request.Cache == CacheUse.Off)
        {
            return await ToItsEndAsync(token => AskModelAsync(prompt, null, token), cancellationToken).ConfigureAwait(false);
        }

        return await JoinAsync(prompt, started, trail, null, cancellationToken).ConfigureAwait(false);
    }

    private async Task<CompletionAnswer> JoinAsync(Prompt prompt, long started, Trail trail, PartRelay? relay, CancellationToken cancellationToken)
    {
        if (_failures.TryGet(prompt.Key, out var failure) && prompt.Request.Cache != CacheUse.Refresh)
        {
            if (failure.Until > _clock.GetUtcNow())
            {
                throw failure.Refusal;
            }

            _failures.TryRemove(prompt.Key);
        }

        var flightKey = new FlightKey(prompt.Key, prompt.Namespace?.Id ?? 0, prompt.Request.Cache, prompt.IsResident);
        var mine = new Lazy<Task<CompletionAnswer>>(() => FlyAsync(flightKey, prompt, relay));
        var flight = _flights.GetOrAdd(flightKey, mine);
        var answer = await flight.Value.WaitAsync(cancellationToken).ConfigureAwait(false);
        trail.Add(answer.Outcome == CallOutcome.NearHit ? "l0" : "model", started);
        trail.ServedBy = answer.ServedBy;
        if (ReferenceEquals(flight, mine) || answer.Outcome != CallOutcome.Called)
        {
            return answer;
        }

        Ledger.Count(
            prompt.Tenant, prompt.Model.Name, Complete, CallOutcome.Joined, answer.InputTokens, answer.OutputTokens, answer.Cost, Stopwatch.GetElapsedTime(started));
        return answer with { Outcome = CallOutcome.Joined, Cost = default, Avoided = answer.Cost };
    }

    // Goes on when its callers have gone: the call is paid for, and the next who asks has the answer.
    private async Task<CompletionAnswer> FlyAsync(FlightKey flightKey, Prompt prompt, PartRelay? relay)
    {
        await Task.Yield();
        try
        {
            var trail = new Trail();
            if (prompt.Request.Cache != CacheUse.Refresh && await FindLandedAsync(prompt, trail).ConfigureAwait(false) is { } found)
            {
                Ledger.Count(prompt.Tenant, prompt.Model.Name, Complete, found.Outcome, found.InputTokens, found.OutputTokens, found.Avoided, trail.Visits.Aggregate(TimeSpan.Zero, static (sum, visit) => sum + visit.Duration));
                return found;
            }

            var answer = await AskModelAsync(prompt, relay, _stop.Token).ConfigureAwait(false);
            return await KeepAsync(prompt, answer).ConfigureAwait(false);
        }
        catch (RefusedException refusal) when (refusal is ModelUnavailableException or ModelAnswerException)
        {
            if (_options.FailureTimeToLive > TimeSpan.Zero)
            {
                _failures.AddOrUpdate(prompt.Key, new Failure(refusal, _clock.GetUtcNow() + _options.FailureTimeToLive));
            }

            throw;
        }
        finally
        {
            _flights.TryRemove(flightKey, out _);
        }
    }

    // A flight for the same prompt may have landed between this request's look and its take-off.
    private async Task<CompletionAnswer?> FindLandedAsync(Prompt prompt, Trail trail) =>
        await FindKeptAsync(prompt, trail, _stop.Token).ConfigureAwait(false)
        ?? (prompt.Request.Cache == CacheUse.Near ? await FindNearAsync(prompt, trail, _stop.Token).ConfigureAwait(false) : null);

    private async Task<CompletionAnswer> AskModelAsync(Prompt prompt, PartRelay? relay, CancellationToken cancellationToken)
    {
        var (tenant, model) = (prompt.Tenant, prompt.Model);
        var budget = await RequireBudgetAsync(tenant, cancellationToken).ConfigureAwait(false);
        var started = Stopwatch.GetTimestamp();
        var reply = await ModelReply.AskAsync(prompt, relay, cancellationToken).ConfigureAwait(false);
        var cost = model.Price.Of(reply.InputTokens, reply.OutputTokens);
        var outcome = reply.Failure is null ? CallOutcome.Called : CallOutcome.Failed;
        Ledger.Count(tenant, model.Name, Complete, outcome, reply.InputTokens, reply.OutputTokens, cost, Stopwatch.GetElapsedTime(started));
        await WriteDownAsync().ConfigureAwait(false);
        if (reply.Failure is { } failure)
        {
            ExceptionDispatchInfo.Throw(failure);
        }

        return new CompletionAnswer
        {
            Text = reply.Text, FinishReason = reply.FinishReason, Model = model, InputTokens = reply.InputTokens, OutputTokens = reply.OutputTokens,
            TokensEstimated = reply.TokensEstimated, Outcome = CallOutcome.Called, Cost = cost, Key = prompt.Key, AnsweredAt = _clock.GetUtcNow(),
            ModelMs = (long)Stopwatch.GetElapsedTime(started).TotalMilliseconds,
            Budget = budget is null ? null : BudgetOf(budget.Limit, budget.Spent + cost.Dollars, tenant),
        };
    }

    // Goes on when its caller has gone: the call is paid for, and the ledger and the budget must have it.
    private async Task<T> ToItsEndAsync<T>(Func<CancellationToken, Task<T>> call, CancellationToken cancellationToken)
    {
        var under = Task.Run(() => call(_stop.Token), CancellationToken.None);
        _calls.TryAdd(under, default);
        _ = under.ContinueWith(ended =>
        {
            _ = ended.Exception;
            _calls.TryRemove(ended, out _);
        }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        return await under.WaitAsync(cancellationToken).ConfigureAwait(false);
    }

    // The answer is there and paid for: that the store is away does not take it from the caller.
    private async Task WriteDownAsync()
    {
        try
        {
            await Ledger.FlushAsync(CancellationToken.None).ConfigureAwait(false);
        }
        catch (Exception error) when (error is StoreUnavailableException or StoreFullException)
        {
            LogNotWritten(error.Message);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "A model call is in the ledger of this process only, until the store is back: {Reason}")]
    private partial void LogNotWritten(string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "An answer could not be kept: {Reason}")]
    private partial void LogNotKept(string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "An answer is kept without a vector, so near prompts do not find it: {Reason}")]
    private partial void LogWithoutVector(string reason);
}
