using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Sophia.Gpu.Grains.Nodes;
using Sophia.Gpu.Grains.Shards;
using Sophia.Memory.Namespaces;
using Sophia.Memory.Search.Cluster;

namespace Sophia.Gpu.Grains;

/// <summary>What is asked of the nodes beside searches.</summary>
public sealed partial class ShardCluster
{
    private const int MostPaces = 10;
    private const int LooksToConnect = 3;

    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    /// <summary>What the way to the nodes and back may take beside the time that they are given to answer.</summary>
    private static readonly TimeSpan Trip = TimeSpan.FromSeconds(1);

    /// <summary>A node that nothing was heard of for longer may be there no more.</summary>
    private static readonly TimeSpan Lately = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan PacePatience = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan Loading = TimeSpan.FromMinutes(10);

    /// <summary>By namespace, language and model (a number of 0 stands for any): the last shard, and what it had seen when that was heard.</summary>
    private readonly ConcurrentDictionary<ShardAddress, (ShardAddress Last, long Seen)> _followed = new();
    private volatile Heard _heard = new([], 0);

    /// <summary>The last that had nodes in it: they are named when none answers, which is when a look comes to nothing too.</summary>
    private volatile Heard _lastHeard = new([], 0);

    /// <summary>
    /// The number of the grain by which the nodes are asked for what concerns all of them. Any node has it at hand; the client reaches a number by
    /// the same node for as long as that is connected, and a new number by the next node in turn. So one that does not answer is left for the next.
    /// </summary>
    private volatile int _way;

    public IReadOnlyList<ClusterNode> Nodes => _heard.Nodes;

    /// <summary>What each node says of its devices now; of one that does not answer, that.</summary>
    public async Task<IReadOnlyList<NodeDetails>> DetailsAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await CallEitherAsync(static async grain => (await grain.DetailsAsync()).Value, NodeSurvey.Patience + Trip - Answering, cancellationToken);
        }
        catch (Exception error) when (!cancellationToken.IsCancellationRequested)
        {
            // Of whatever kind it is: the node that was asked may be of the version before, which does not know the question.
            LogNoDetails(error);
            var known = _clock.GetElapsedTime(_lastHeard.AskedAt) < Lately ? _lastHeard.Nodes : [];
            return [.. known.Select(static node => new NodeDetails(node.Address ?? node.Name, node.Name) { Unanswered = "The nodes of L0 did not say." })];
        }
    }

    public async Task<IReadOnlyList<HeldShard>> HeldAsync(NamespaceInfo ns, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(ns);
        return [.. (await SurveyAsync(Client, cancellationToken)).SelectMany(static node => node.Shards).Where(shard => ShardAddress.Parse(shard.Address).NamespaceId == ns.Id)];
    }

    public async Task<IReadOnlyList<UnconfirmedCopy>> ReachAsync(NamespaceInfo ns, long number, TimeSpan timeout, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(ns);
        return await CallAnyAsync(Client, async grain => (await grain.ReachAsync(ns.Id, number, timeout)).Value, timeout + NodeSurvey.Patience, cancellationToken);
    }

    public async Task<int> EvictAsync(NamespaceInfo ns, CancellationToken cancellationToken)
    {
        // Those that are served are placed anew by their next caller. One that moves just now is served by neither node, so what is still in
        // memory is dropped whoever serves it.
        var served = (await HeldAsync(ns, cancellationToken)).Where(static shard => shard.IsServed).Select(static shard => shard.Address).ToArray();
        var left = await Task.WhenAll(served.Select(shard => LeaveAsync(shard, cancellationToken)));
        IEnumerable<string> gone = served.Where((_, i) => left[i]);
        try
        {
            gone = gone.Union(await CallAnyAsync(Client, async grain => (await grain.EvictAsync(ns.Id)).Value, NodeSurvey.Patience, cancellationToken));
        }
        catch (ClusterUnavailableException away) when (left.Contains(true))
        {
            LogNotHeard(ns.Name, away);
        }

        return gone.Count();
    }

    // False where it cannot be told: the others go all the same, and it too where its node is heard of.
    private async Task<bool> LeaveAsync(string shard, CancellationToken cancellationToken)
    {
        try
        {
            return await AskAsync(shard, static grain => grain.LeaveAsync(always: true), TimeSpan.Zero, cancellationToken);
        }
        catch (ClusterUnavailableException away)
        {
            LogNotLeft(shard, away);
            return false;
        }
    }

    public async Task WarmAsync(NamespaceInfo ns, CancellationToken cancellationToken)
    {
        try
        {
            await LoadAllAsync(ns, cancellationToken);
        }
        catch (Exception error) when (error is ClusterUnavailableException or InvalidOperationException)
        {
            LogNotWarm(ns.Name, error);
        }
    }

    public async ValueTask PaceAsync(NamespaceInfo ns, long number, int written)
    {
        var key = ShardAddress.Of(ns, 0);
        if (!_followed.ContainsKey(key))
        {
            CountUnfollowed(ns, written);
            return;
        }

        for (var pace = 0; pace < MostPaces && _followed.TryGetValue(key, out var known) && known.Seen < number; pace++)
        {
            long seen;
            try
            {
                seen = await AskAsync(known.Last.ToString(), grain => grain.ReachAsync(number, PacePatience, CancellationToken.None), PacePatience, CancellationToken.None);
            }
            catch (ClusterUnavailableException)
            {
                // A writer does not wait for a node that is away.
                _followed.TryRemove(key, out _);
                return;
            }

            _followed[key] = (known.Last, Math.Max(seen, known.Seen));
            if (seen <= known.Seen)
            {
                return;
            }
        }
    }

    private async Task WatchAsync(CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(Interval, _clock);
        var look = 0;
        try
        {
            do
            {
                try
                {
                    var asked = _clock.GetTimestamp();
                    _heard = new(await SurveyAsync(MayConnect(++look) ? _client ?? Client : Client, cancellationToken), asked);
                    _lastHeard = Nodes.Count > 0 ? _heard : _lastHeard;
                    Follow(Nodes);
                    LoadAhead(Nodes, cancellationToken);
                }
                catch (Exception error) when (error is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
                {
                    _heard = new([], 0);
                    _missing = [];
                    _followed.Clear();
                    if (error is not ClusterUnavailableException)
                    {
                        // Whatever it is, nobody else looks: the next look is a second away.
                        LogNotWatched(error);
                    }
                }
            }
            while (await timer.WaitForNextTickAsync(cancellationToken));
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            await Task.WhenAll(_loading.Values.Select(static loading => loading.Done));
        }
    }

    // Where no node is connected any more the client connects to another when it is asked for something, and else after up to a minute, in which
    // nothing would be asked. Not each second, for as long as there may be no node at all.
    private static bool MayConnect(int look) => look % LooksToConnect == 0;

    private void Follow(IReadOnlyList<ClusterNode> nodes)
    {
        var followed = new Dictionary<ShardAddress, (ShardAddress Last, long Seen)>();
        // A full shard takes no writes: where the one behind it is not there, nothing follows.
        foreach (var shard in nodes.SelectMany(static node => node.Shards).Where(static shard => shard is { IsServed: true, IsReady: true, End: null }))
        {
            var address = ShardAddress.Parse(shard.Address);
            var key = address with { Number = 0 };
            if (!followed.TryGetValue(key, out var other) || other.Last.Number <= address.Number)
            {
                followed[key] = (address, shard.Seen);
            }
        }

        foreach (var (key, shard) in followed)
        {
            _followed[key] = shard;
        }

        foreach (var gone in _followed.Keys.Where(key => !followed.ContainsKey(key)))
        {
            _followed.TryRemove(gone, out _);
        }
    }

    private Task<List<ClusterNode>> SurveyAsync(IClusterClient client, CancellationToken cancellationToken) =>
        CallAnyAsync(client, static async grain => (await grain.AllAsync()).Value, NodeSurvey.Patience, cancellationToken);

    // What concerns all nodes any of them can say. One that cannot, of a version that lacks what the question needs, answers with whatever error it has.
    private async Task<T> CallAnyAsync<T>(IClusterClient client, Func<INodesGrain, Task<T>> call, TimeSpan patience, CancellationToken cancellationToken)
    {
        var way = _way;
        try
        {
            return await CallAsync(client, client => call(client.GetGrain<INodesGrain>(way)), patience, cancellationToken);
        }
        catch (ClusterUnavailableException)
        {
            Avoid(way);
            throw;
        }
        catch (Exception error) when (error is not OperationCanceledException)
        {
            Avoid(way);
            if (IsToTell(ref _errorToldAt))
            {
                LogNotSaid(error);
            }

            throw new ClusterUnavailableException($"A node of L0 {Unanswered.Say(error)}.", error);
        }
    }

    // Beside each other: the node that one leads over may stand still, and somebody waits for the answer.
    private async Task<T> CallEitherAsync<T>(Func<INodesGrain, Task<T>> call, TimeSpan patience, CancellationToken cancellationToken)
    {
        using var asking = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var (client, way) = (Client, _way);
        var (one, other) = (CallByAsync(way), CallByAsync(After(way)));
        try
        {
            var first = await Task.WhenAny(one, other);
            return await (first.IsCompletedSuccessfully ? first : first == one ? other : one);
        }
        finally
        {
            await asking.CancelAsync();
        }

        Task<T> CallByAsync(int by) => CallAsync(client, c => call(c.GetGrain<INodesGrain>(by)), patience, asking.Token);
    }

    /// <summary>The node on this way did not answer.</summary>
    private void Avoid(int way) => Interlocked.CompareExchange(ref _way, After(way), way);

    private static int After(int way, int steps = 1) => (way + steps) & int.MaxValue;

    private Task<T> AskAsync<T>(string address, Func<IShardGrain, Task<T>> ask, TimeSpan patience, CancellationToken cancellationToken) =>
        CallAsync(client => ask(client.GetGrain<IShardGrain>(address)), patience, cancellationToken);

    /// <exception cref="ClusterUnavailableException">There is no node, or it did not answer.</exception>
    private async Task<T> CallAsync<T>(Func<IClusterClient, Task<T>> call, TimeSpan patience, CancellationToken cancellationToken) =>
        await CallAsync(Client, call, patience, cancellationToken);

    private async Task<T> CallAsync<T>(IClusterClient client, Func<IClusterClient, Task<T>> call, TimeSpan patience, CancellationToken cancellationToken)
    {
        try
        {
            return await call(client).WaitAsync(patience + Answering, _clock, cancellationToken);
        }
        catch (Exception error) when (Unanswered.Is(error))
        {
            throw new ClusterUnavailableException($"A node of L0 {Unanswered.Say(error)}.", error);
        }
    }

    /// <param name="AskedAt">The moment at which the nodes were asked.</param>
    private sealed record Heard(IReadOnlyList<ClusterNode> Nodes, long AskedAt);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The nodes of L0 did not say what devices they have.")]
    private partial void LogNoDetails(Exception error);

    [LoggerMessage(Level = LogLevel.Error, Message = "The nodes of L0 could not be looked at this time.")]
    private partial void LogNotWatched(Exception error);

    [LoggerMessage(Level = LogLevel.Warning, Message = "A node of L0 answered with an error what each of them can say; another is asked. This is logged once a minute at most.")]
    private partial void LogNotSaid(Exception error);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The shards of namespace {Namespace} that nodes serve were dropped; others that they hold may be there.")]
    private partial void LogNotHeard(string @namespace, Exception error);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Shard {Shard} could not be told to go.")]
    private partial void LogNotLeft(string shard, Exception error);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The shards of namespace {Namespace} were not loaded beforehand.")]
    private partial void LogNotWarm(string @namespace, Exception error);
}
