using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.Logging;
using Sophia.Memory.Hierarchy;
using Sophia.Memory.Log;
using Sophia.Memory.Namespaces;
using Sophia.Memory.Records;
using Sophia.Memory.Stores;
using Sophia.Memory.Tiers;

namespace Sophia.Memory.Cortex.Eviction;

/// <summary>
/// Keeps the cache in front of models within its budget. It knows every kept answer of every tenant: from the store when it
/// begins, and then from the log, whoever wrote it; hits it counts by itself. When they take more than the budget, those of the least
/// worth (<see cref="GreedyDualSize"/>) are erased as records, so they leave L0, L1, L3 and the mirror together.
/// </summary>
internal sealed partial class AnswerEviction : IAsyncDisposable
{
    /// <summary>The one reason for which answers are evicted; those whose time ran out or that were forgotten are not counted as such.</summary>
    public const string OverBudget = "worth least";

    /// <summary>What a record takes beside answer and vector: rows of log, content and record, postings and places in the shard.</summary>
    private const int BytesBeside = 512;

    /// <summary>Of a component of the prompt's vector: a float32 and a code.</summary>
    private const int BytesOfComponent = 5;

    private const int AtOnce = 256;
    private const int NamespacesAtOnce = 1_000;
    private static readonly TimeSpan LookInterval = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(5);

    private readonly MemoryHierarchy _memory;
    private readonly long? _budget;
    private readonly ILogger _logger;
    private readonly Lock _lock = new();
    private readonly GreedyDualSize _order = new();
    private readonly ConcurrentDictionary<RecordId, CachedAnswer> _answers = new();
    private readonly ConcurrentDictionary<long, Home> _homes = new();
    private readonly HashSet<RecordId> _goneWhileReading = [];
    private readonly Pulse _wanted = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly CacheMeters _meters;
    private Task _running = Task.CompletedTask;
    private long _lastNamespace;
    private long _evicted;
    private bool _isReading;

    /// <param name="budget">Bytes; null: without limit, and answers are counted only.</param>
    public AnswerEviction(MemoryHierarchy memory, long? budget, ILogger logger)
    {
        (_memory, _budget, _logger) = (memory, budget, logger);
        _meters = new CacheMeters(Report);
    }

    /// <summary>Begins to follow the log, and to read what is there.</summary>
    public void Start()
    {
        _memory.Changed += Observe;
        _running = Task.Run(() => RunAsync(_stop.Token));
    }

    /// <summary>A hit of a kept record.</summary>
    /// <param name="known">The record's entry, once it was found: later hits of the same copy need not look it up.</param>
    public void Use(RecordId id, ref CachedAnswer? known)
    {
        if (known is not { IsGone: false } && !_answers.TryGetValue(id, out known))
        {
            return;
        }

        known.Use(_order.Age);
    }

    /// <inheritdoc cref="Use(RecordId, ref CachedAnswer?)"/>
    public void Use(RecordId id)
    {
        CachedAnswer? known = null;
        Use(id, ref known);
    }

    public CacheReport Report() => new(
        _budget, _order.Bytes, _order.Count, _order.Age, new Dictionary<string, long> { [OverBudget] = Volatile.Read(ref _evicted) });

    /// <summary>Those of a tenant, the first to go first.</summary>
    public IReadOnlyList<CacheWorth> LeastWorth(string tenant, int limit)
    {
        var homes = _homes.Values.Where(home => home.Namespace.Tenant == tenant).Select(static home => home.Namespace.Id).ToHashSet();
        return
        [
            .. _answers.Values.Where(answer => homes.Contains(answer.NamespaceId)).Select(static answer => (Answer: answer, answer.Worth))
                .OrderBy(static one => one.Worth).ThenBy(static one => one.Answer.Sequence.Value).Take(limit)
                .Select(static one => new CacheWorth(one.Answer.Key.ToString(), one.Answer.Bytes, one.Answer.Uses, one.Answer.Saving, one.Answer.Age, one.Worth)),
        ];
    }

    public async ValueTask DisposeAsync()
    {
        _memory.Changed -= Observe;
        await _stop.CancelAsync().ConfigureAwait(false);
        await _running.ConfigureAwait(false);
        foreach (var home in _homes.Values)
        {
            home.Contents.Dispose();
        }

        _meters.Dispose();
        _stop.Dispose();
    }

    private async Task RunAsync(CancellationToken cancellationToken)
    {
        var wait = TimeSpan.Zero;
        while (true)
        {
            try
            {
                var wanted = _wanted.Next;
                if (wait > TimeSpan.Zero)
                {
                    await Task.Delay(wait, _memory.Clock, cancellationToken).ConfigureAwait(false);
                }

                await FindHomesAsync(cancellationToken).ConfigureAwait(false);
                await EvictAsync(cancellationToken).ConfigureAwait(false);
                wait = TimeSpan.Zero;
                using var waiting = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
                await Task.WhenAny(wanted, Task.Delay(LookInterval, _memory.Clock, waiting.Token)).ConfigureAwait(false);
                await waiting.CancelAsync().ConfigureAwait(false);
                cancellationToken.ThrowIfCancellationRequested();
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception error) when (error is StoreUnavailableException or StoreFullException or TooManyWritesException)
            {
                LogPutOff(error.Message);
                wait = RetryAfter;
            }
        }
    }

    private async Task EvictAsync(CancellationToken cancellationToken)
    {
        while (TryTake(out var victims))
        {
            cancellationToken.ThrowIfCancellationRequested();
            bool[] went;
            try
            {
                went = await _memory.EvictAsync([.. victims.Select(v => (_homes[v.NamespaceId].Namespace, v.Key.ToString(), v.Sequence))]).ConfigureAwait(false);
            }
            catch
            {
                PutBack(victims);
                throw;
            }

            // One that did not go was written anew meanwhile, and the log says so.
            var gone = went.Count(static one => one);
            Interlocked.Add(ref _evicted, gone);
            _memory.Meters.L2.Evict(EvictionReason.Capacity, gone);
        }
    }

    private bool TryTake([NotNullWhen(true)] out List<CachedAnswer>? victims)
    {
        victims = null;
        lock (_lock)
        {
            while (_order.Bytes > _budget && (victims?.Count ?? 0) < AtOnce && _order.Evict() is { } victim)
            {
                _answers.TryRemove(victim.Id, out _);
                (victims ??= []).Add(victim);
            }
        }

        return victims is not null;
    }

    private void PutBack(List<CachedAnswer> victims)
    {
        lock (_lock)
        {
            foreach (var victim in victims)
            {
                if (_answers.TryAdd(victim.Id, victim))
                {
                    victim.IsGone = false;
                    _order.Add(victim);
                }
            }
        }
    }

    private static long BytesOf(MemoryRecord record) =>
        record.Content.Length + ((record.Vector?.Length ?? 0) * (long)BytesOfComponent) + BytesBeside;

    [LoggerMessage(Level = LogLevel.Warning, Message = "The cache in front of models is over its budget until the store is back: {Reason}")]
    private partial void LogPutOff(string reason);
}
