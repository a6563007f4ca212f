using System.Collections.Concurrent;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans.Hosting;
using Orleans.Runtime;
using Sophia.Gpu.Grains.Hosting;
using Sophia.Gpu.Shards.Merging;
using Sophia.Memory.Hierarchy;
using Sophia.Memory.Log;
using Sophia.Memory.Namespaces;
using Sophia.Memory.Search;
using Sophia.Memory.Search.Cluster;
using Sophia.Memory.Stores;
using Sophia.Memory.Tiers;

namespace Sophia.Gpu.Grains;

/// <summary>
/// L0 as a client of its nodes. It connects in the background and again by itself: a service starts, and searches on its own,
/// while there is no node.
/// </summary>
public sealed partial class ShardCluster : IShardCluster, IHostedService, IAsyncDisposable
{
    private const string NoRoom = "Add a node of L0, let shards take more memory there (Sophia:Cluster:NodeBytes), or forget what is no longer needed.";
    private const string TooLarge = "Narrow the search with a filter, ask for fewer hits or less context, or leave near-duplicates unfolded (fold).";
    private static readonly TimeSpan BetweenReasons = TimeSpan.FromSeconds(10);
    private readonly ClusterSettings _settings;
    private readonly TimeProvider _clock;
    private readonly ILogger _logger;
    private readonly IHost _host;
    private readonly Func<CancellationToken, Task> _prepare;
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentDictionary<long, int> _shards = new();

    /// <summary>Namespaces, by id, of several shards of which the last search learnt whether rows have neighbours.</summary>
    private readonly ConcurrentDictionary<long, bool> _hasConversations = new();
    private Task _connecting = Task.CompletedTask;
    private Task _watching = Task.CompletedTask;
    private volatile IClusterClient? _client;
    private volatile bool _wasConnected;
    private readonly Lock _telling = new();

    /// <summary>What was written into the log last: why no node is connected, or null, one is.</summary>
    private (string? Reason, long At)? _told;
    private volatile string? _reason = "The nodes of L0 were not reached yet.";

    /// <param name="connection">Of PostgreSQL.</param>
    /// <param name="prepare">Makes the membership tables if they are not there; tried again while it fails.</param>
    public ShardCluster(ClusterSettings settings, string connection, Func<CancellationToken, Task> prepare, TimeProvider clock, ILoggerFactory loggers)
    {
        (_settings, _prepare, _clock, _logger) = (settings, prepare, clock, loggers.CreateLogger("Sophia.Cluster"));
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Services.AddSingleton(loggers);
        builder.UseOrleansClient(client =>
        {
            SiloHosting.Configure(client, settings, connection);
            client.UseConnectionRetryFilter(RetryAsync);
            client.AddGatewayCountChangedHandler((_, count) => Count(count.NumberOfConnectedGateways));
        });
        _host = builder.Build();
    }

    public string Engine => $"Orleans cluster '{_settings.Id}'";

    public TierState State => Reason is null ? TierState.Healthy : TierState.Degraded;

    public string? Reason => _reason is { } reason ? $"{reason} Searches run in this process."
        : Nodes.FirstOrDefault(static node => node.Failure is not null) is { } sick ? $"Node {sick.Name} gets no shards, and its own move to others: {sick.Failure}"
        : Nodes.FirstOrDefault(static node => node.RoomBytes < 0) is { } full ? $"The shards of node {full.Name} take {-full.RoomBytes >> 20:N0} MiB more than they may."
        : null;

    /// <exception cref="ClusterUnavailableException">No node is connected.</exception>
    private IClusterClient Client => _client is { } connected && _reason is null ? connected : throw new ClusterUnavailableException(_reason ?? "The service stops.");

    public Task StartAsync(CancellationToken cancellationToken)
    {
        _connecting = ConnectAsync();
        return Task.CompletedTask;
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        await _stop.CancelAsync();
        await _connecting;
        await _watching;
        if (_client is not null)
        {
            _client = null;
            await _host.StopAsync(cancellationToken);
        }
    }

    public async Task<ClusterAnswer> SearchAsync(NamespaceInfo ns, ClusterCall call, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(ns);
        ArgumentNullException.ThrowIfNull(call);
        var started = _clock.GetTimestamp();
        if (_shards.GetValueOrDefault(ns.Id, 1) == 1)
        {
            // Nearly every namespace: one call, and the shard ranks.
            var reply = await AskAsync(ShardAddress.Of(ns, 0), call, null, 0, started, cancellationToken);
            if (reply is { Outcome: ShardOutcome.Found, HasNext: false })
            {
                return new ClusterAnswer(reply.Answer!, Sequence.Of(ns.Partition, reply.Seen), []) { WithoutVector = reply.WithoutVector, LogLag = reply.LogLag };
            }

            if (reply.Outcome != ShardOutcome.Found && reply.Shards < 2)
            {
                var missing = MissingOf(ns, 0, call, reply);
                return new ClusterAnswer(new ShardAnswer([], 0, 0), Sequence.Of(ns.Partition, reply.Seen), [missing]);
            }

            Learn(ns, Math.Max(reply.Shards, 2));
        }

        while (true)
        {
            var known = _shards[ns.Id];
            var search = new ShardRound(ns, call, known, (shard, part, required) =>
                AskAsync(ShardAddress.Of(ns, shard), call, part, required, started, cancellationToken));
            var merged = new MergedSearch(ns.Settings, call.Query, (part, _) => search.AskAsync(part)) { HasConversations = _hasConversations.GetValueOrDefault(ns.Id) };
            ShardAnswer found;
            try
            {
                found = await merged.RunAsync(cancellationToken);
                _hasConversations[ns.Id] = merged.HasConversations;
            }
            finally
            {
                Learn(ns, search.Shards);
            }

            if (search.IsUnanswered && _clock.GetElapsedTime(started) < call.Timeout)
            {
                // Not the shards are missing but the way to the nodes, which led over one that died.
                continue;
            }

            // Else one was opened meanwhile, or not known of, whose words were not counted.
            if (search.Shards == known)
            {
                return new ClusterAnswer(found, Sequence.Of(ns.Partition, search.Seen), search.Missing) { WithoutVector = search.WithoutVector, LogLag = search.LogLag };
            }
        }
    }

    private void Learn(NamespaceInfo ns, int shards) => _shards.AddOrUpdate(ns.Id, shards, (_, known) => Math.Max(known, shards));

    /// <param name="required">The change that it had to see because of another shard; 0 for none.</param>
    /// <exception cref="RefusedException">shard-loading and others, unless the call allows it to be missing.</exception>
    /// <exception cref="SequenceNotReachedException">It did not see the change that the caller asked for.</exception>
    internal static MissingShard MissingOf(NamespaceInfo ns, int shard, ClusterCall call, ShardReply reply, long required = 0)
    {
        if (reply.Outcome == ShardOutcome.Behind && required <= call.MinSequence.Number)
        {
            throw new SequenceNotReachedException(call.MinSequence, Sequence.Of(ns.Partition, reply.Seen));
        }

        var reason = reply.Outcome switch
        {
            ShardOutcome.Loading => $"It is still being loaded ({reply.Records:N0} records so far).",
            ShardOutcome.Behind => $"It has not come to change {required:N0} yet, by which a record may have come to it from another shard; it is at {reply.Seen:N0}.",
            ShardOutcome.NoRoom => $"No node has room for it. {reply.Reason}",
            ShardOutcome.TooLarge => reply.Reason!,
            _ => $"It is not there: {reply.Reason}",
        };
        return call.AllowPartial ? new MissingShard(shard, reason)
            : reply.Outcome == ShardOutcome.TooLarge ? throw new RefusedException("too-large", $"Shard {shard} of namespace '{ns.Name}' cannot answer. {reason}", TooLarge)
            : reply.Outcome == ShardOutcome.NoRoom ? throw new NoRoomException($"Shard {shard} of namespace '{ns.Name}' is missing. {reason}", NoRoom, reply.RetryAfter)
            : throw new RefusedException(
                "shard-loading", $"Shard {shard} of namespace '{ns.Name}' is missing. {reason}", "Try again in a moment, allow more time with timeoutMs, or take what is there with allowPartial.");
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync(CancellationToken.None);
        _stop.Dispose();
        _host.Dispose();
    }

    private async Task ConnectAsync()
    {
        try
        {
            await PrepareAsync();
            await _host.StartAsync(_stop.Token);
            _client = _host.Services.GetRequiredService<IClusterClient>();
            _reason = null;
            _wasConnected = true;
            Tell(null);
            _watching = Task.Run(() => WatchAsync(_stop.Token));
        }
        catch (Exception error) when (_stop.IsCancellationRequested || error is OperationCanceledException)
        {
            // The signal that ends the process ends the client's start too.
            _reason = "The service stops.";
        }
        catch (Exception error)
        {
            _reason = "The client of L0's nodes failed, and the log says why.";
            LogFailed(error);
        }
    }

    private void Count(int nodes)
    {
        if (_wasConnected && !_stop.IsCancellationRequested)
        {
            _reason = nodes > 0 ? null : "No node of L0 is connected.";
            Tell(nodes > 0 ? null : "the last connection was lost");
        }
    }

    // A cause that changes is written too (first the name of a host, then its certificate), yet not two that take turns each time that is tried.
    /// <param name="reason">Why no node is connected; null: one is.</param>
    private void Tell(string? reason)
    {
        lock (_telling)
        {
            if (_told is { } last && (last.Reason == reason || (last.Reason is not null && reason is not null && _clock.GetElapsedTime(last.At) < BetweenReasons)))
            {
                return;
            }

            _told = (reason, _clock.GetTimestamp());
        }

        if (reason is null)
        {
            LogConnected(_settings.Id);
        }
        else
        {
            LogAlone(_settings.Id, reason);
        }
    }

    private async Task PrepareAsync()
    {
        while (true)
        {
            try
            {
                await _prepare(_stop.Token);
                return;
            }
            catch (StoreUnavailableException away)
            {
                _reason = away.Message;
                Tell(away.Message);
            }

            await Task.Delay(TimeSpan.FromSeconds(1), _clock, _stop.Token);
        }
    }

    private async Task<bool> RetryAsync(Exception error, CancellationToken cancellationToken)
    {
        _reason = "No node of L0 is there, or none can be reached.";
        Tell(error.Message);
        await Task.Delay(TimeSpan.FromMilliseconds(500), _clock, cancellationToken);
        return true;
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Connected to the nodes of L0, cluster {Cluster}.")]
    private partial void LogConnected(string cluster);

    [LoggerMessage(Level = LogLevel.Warning, Message = "No node of L0 is connected, cluster {Cluster}: searches run in this process until one is ({Reason}).")]
    private partial void LogAlone(string cluster, string reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "The client of L0's nodes failed; searches run in this process until the service is started again.")]
    private partial void LogFailed(Exception error);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The node of shard {Shard} did not answer more than once ({Reason}), and others may not either: this is logged once a minute at most.")]
    private partial void LogNotAnswered(ShardAddress shard, string reason);
}
