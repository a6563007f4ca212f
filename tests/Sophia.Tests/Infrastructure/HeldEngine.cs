using Sophia.Gpu.Shards;
using Sophia.Memory.Namespaces;
using Sophia.Memory.Records;
using Sophia.Memory.Search;

namespace Sophia.Tests.Infrastructure;

/// <summary>Makes shards whose searches begin and end when the test says so.</summary>
internal sealed class HeldEngine : IShardEngine
{
    private int _created;
    private int _disposed;

    public int Created => Volatile.Read(ref _created);

    public int Disposed => Volatile.Read(ref _disposed);

    /// <summary>How many of its shards had gone when devices were asked to overwrite what they had; null: they were not.</summary>
    public int? GoneWhenOverwritten { get; private set; }

    public TaskCompletionSource Searching { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public TaskCompletionSource Go { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public string Engine => "held";

    public IShard Create(NamespaceInfo ns)
    {
        Interlocked.Increment(ref _created);
        return new Shard(new HostShardEngine().Create(ns), this);
    }

    public Task<IReadOnlyList<string>> OverwriteAsync(TimeSpan timeout, CancellationToken cancellationToken)
    {
        GoneWhenOverwritten = Disposed;
        return Task.FromResult<IReadOnlyList<string>>([]);
    }

    public IReadOnlyList<Highlight> Highlight(string language, MemoryRecord record, IReadOnlyList<string> terms) => [];

    private sealed class Shard(IShard inner, HeldEngine engine) : DelegatingShard(inner)
    {
        public override ShardAnswer Search(ShardQuery query, CancellationToken cancellationToken)
        {
            engine.Searching.TrySetResult();
            engine.Go.Task.Wait(cancellationToken);
            return base.Search(query, cancellationToken);
        }

        public override void Dispose()
        {
            Interlocked.Increment(ref engine._disposed);
            base.Dispose();
        }
    }
}
