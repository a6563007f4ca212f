using Sophia.Gpu.Shards;
using Sophia.Memory.Namespaces;
using Sophia.Memory.Records;
using Sophia.Memory.Search;
using Sophia.Tests.Infrastructure;

namespace Sophia.GpuTier.Tests.Harness;

/// <summary>Makes shards whose searches begin and end when the test says so.</summary>
internal sealed class HeldEngine : IShardEngine
{
    public TaskCompletionSource Searching { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public TaskCompletionSource Go { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public string Engine => "held";

    public IShard Create(NamespaceInfo ns) => new Shard(new HostShardEngine().Create(ns), this);

    public IReadOnlyList<Highlight> Highlight(string language, MemoryRecord record, IReadOnlyList<string> terms) => [];

    private sealed class Shard(IShard inner, HeldEngine engine) : DelegatingShard(inner)
    {
        public override ShardAnswer Search(ShardQuery query, CancellationToken cancellationToken)
        {
            engine.Searching.TrySetResult();
            engine.Go.Task.Wait(cancellationToken);
            return base.Search(query, cancellationToken);
        }
    }
}
