using Sophia.Memory.Log;
using Sophia.Memory.Records;

namespace Sophia.Memory.Cortex.Eviction;

/// <summary>What is known of a kept answer, or vector, to judge whether it is worth its room. A use takes no lock.</summary>
/// <param name="bytes">That it takes.</param>
/// <param name="saving">What a hit saves, in billionths of a dollar.</param>
/// <param name="age">The cache's when it came.</param>
internal sealed class CachedAnswer(RecordId id, long namespaceId, PromptHash key, Sequence sequence, long bytes, double saving, double age)
{
    private long _uses = 1;
    private double _age = age;

    public RecordId Id => id;

    public long NamespaceId => namespaceId;

    public PromptHash Key => key;

    /// <summary>The version of the record that it is.</summary>
    public Sequence Sequence => sequence;

    public long Bytes => bytes;

    public double Saving => saving;

    /// <summary>Hits, and one for the call that it was made by.</summary>
    public long Uses => Volatile.Read(ref _uses);

    /// <summary>The cache's age when it was used last.</summary>
    public double Age => Volatile.Read(ref _age);

    /// <summary>It never falls: uses and age only grow.</summary>
    public double Worth => Age + (Uses * saving / bytes);

    /// <summary>It was evicted, replaced or forgotten, or its time ran out.</summary>
    public bool IsGone { get; set; }

    public void Use(double now)
    {
        Interlocked.Increment(ref _uses);
        Volatile.Write(ref _age, now);
    }

    /// <summary>Takes over what its earlier version was used.</summary>
    public void Inherit(CachedAnswer earlier) => (_uses, _age) = (earlier.Uses + 1, Math.Max(_age, earlier.Age));
}
