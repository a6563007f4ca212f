using System.Collections.Concurrent;
using Sophia.Gpu.Shards;
using Sophia.Memory.Namespaces;
using Sophia.Memory.Records;
using Sophia.Memory.Search;
using Sophia.Memory.Search.Cluster;

namespace Sophia.Tests.Infrastructure;

/// <summary>The host's engine, which counts the shards that it makes and those that are disposed of.</summary>
internal sealed class CountingEngine : IShardEngine
{
    private readonly HostShardEngine _inner = new();
    private int _created;
    private int _disposed;
    private int _withdrawn;
    private int _sizesAsked;
    private readonly TaskCompletionSource _firstDisposed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public int Created => Volatile.Read(ref _created);

    /// <summary>A test may count from here on by setting it to 0.</summary>
    public int Disposed
    {
        get => Volatile.Read(ref _disposed);
        set => Volatile.Write(ref _disposed, value);
    }

    /// <summary>Shards that have given back what they had on devices.</summary>
    public int Withdrawn => Volatile.Read(ref _withdrawn);

    /// <summary>What every shard says that it takes in memory; null: what it takes.</summary>
    public long? SizeOfShard { get; set; }

    /// <summary>How often a shard was asked what it takes. A test may count from here on by setting it to 0.</summary>
    public int SizesAsked
    {
        get => Volatile.Read(ref _sizesAsked);
        set => Volatile.Write(ref _sizesAsked, value);
    }

    /// <summary>Why shards went, of those that went for a reason.</summary>
    public ConcurrentQueue<string> Evictions { get; } = new();

    /// <summary>Completes when a shard has been disposed of.</summary>
    public Task FirstDisposed => _firstDisposed.Task;

    /// <summary>What it has made first, as long as something refers to it.</summary>
    public WeakReference? First { get; private set; }

    /// <summary>Runs before a part of a search over several shards is made.</summary>
    public Action? BeforeAsk { get; set; }

    public string Engine => "counting";

    /// <summary>What it says of devices on which nothing can be overwritten.</summary>
    public IReadOnlyList<string> Standing { get; set; } = [];

    public Task<IReadOnlyList<string>> OverwriteAsync(TimeSpan timeout, CancellationToken cancellationToken) => Task.FromResult(Standing);

    public IShard Create(NamespaceInfo ns)
    {
        Interlocked.Increment(ref _created);
        var shard = new Counted(_inner.Create(ns), this);
        First ??= new WeakReference(shard);
        return shard;
    }

    public IReadOnlyList<Highlight> Highlight(string language, MemoryRecord record, IReadOnlyList<string> terms) => [];

    private sealed class Counted(IShard inner, CountingEngine engine) : DelegatingShard(inner)
    {
        public override long SizeInMemory
        {
            get
            {
                Interlocked.Increment(ref engine._sizesAsked);
                return engine.SizeOfShard ?? base.SizeInMemory;
            }
        }

        public override PartAnswer Ask(PartCall call, CancellationToken cancellationToken)
        {
            engine.BeforeAsk?.Invoke();
            return base.Ask(call, cancellationToken);
        }

        public override void Evict(ShardEviction eviction)
        {
            engine.Evictions.Enqueue(eviction.Reason);
            base.Evict(eviction);
        }

        public override void Withdraw(ShardEviction? eviction)
        {
            Interlocked.Increment(ref engine._withdrawn);
            base.Withdraw(eviction);
        }

        public override void Dispose()
        {
            Interlocked.Increment(ref engine._disposed);
            base.Dispose();
            engine._firstDisposed.TrySetResult();
        }
    }
}
