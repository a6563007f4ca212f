using Sophia.Memory.Cortex.Eviction;

namespace Sophia.Memory.Cortex;

/// <summary>An answer that is in the near copy, with room for the form in which the edge answers it; lost with the copy.</summary>
public sealed class NearAnswer
{
    private object? _rendering;

    /// <summary>What the eviction knows of it, once a hit has found that.</summary>
    internal CachedAnswer? Kept;

    internal NearAnswer(CompletionAnswer answer) => Answer = answer;

    /// <summary>As a hit in L1.</summary>
    public CompletionAnswer Answer { get; }

    /// <summary>What the edge made of it. Any thread may set it.</summary>
    public object? Rendering
    {
        get => Volatile.Read(ref _rendering);
        set => Volatile.Write(ref _rendering, value);
    }
}
