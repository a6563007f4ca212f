using Sophia.Memory.Stores;

namespace Sophia.Memory.Writing;

/// <summary>A group that waits for its commit.</summary>
internal sealed class PendingWrite(WriteGroup group)
    : TaskCompletionSource<WriteOutcome>(TaskCreationOptions.RunContinuationsAsynchronously)
{
    public WriteGroup Group { get; } = group;

    /// <summary>Empty groups, which only look up their mark, count as one.</summary>
    public int Weight => Math.Max(1, Group.Operations.Count);
}
