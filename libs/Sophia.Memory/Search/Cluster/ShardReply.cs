using Sophia.Memory.Log;

namespace Sophia.Memory.Search.Cluster;

/// <summary>What became of a call to a shard.</summary>
public enum ShardOutcome
{
    Found,

    /// <summary>It is still being loaded.</summary>
    Loading,

    /// <summary>It did not see the change asked for in the call's time.</summary>
    Behind,

    /// <summary>It does not fit into the memory that shards may take on its node.</summary>
    NoRoom,

    /// <summary>What it found is more than nodes send each other at once; asked again, it would find the same.</summary>
    TooLarge,

    /// <summary>It cannot be searched; <see cref="ShardReply.Reason"/> says why.</summary>
    Failed,
}

/// <summary>A search of one shard.</summary>
/// <param name="Query">Null where <see cref="Part"/> has it.</param>
/// <param name="Required">The number of the change that the shard must have seen; 0 for none.</param>
/// <param name="Known">
/// The number of the last change that the caller knows of. The shard waits for it a moment, since its caller may have been
/// told of that change, and answers without it rather than not at all.
/// </param>
/// <param name="Timeout">For loading and for <paramref name="Required"/>; zero: answer at once.</param>
public sealed record ShardCall(ShardQuery? Query, long Required, long Known, TimeSpan Timeout)
{
    /// <summary>Set where the shard is one of several.</summary>
    public PartCall? Part { get; init; }

    /// <summary>A shard that is not loaded says so at once: the time is for the change alone. A node of a version before waits for both.</summary>
    public bool IsLeftOutWhileLoading { get; init; }
}

/// <param name="Answer">Set when found, unless a part was asked for.</param>
/// <param name="Seen">The number of the last change of the namespace's partition that is in the shard.</param>
/// <param name="Records">Records that it holds now.</param>
public sealed record ShardReply(ShardOutcome Outcome, ShardAnswer? Answer, long Seen, long Records)
{
    public string? Reason { get; init; }

    /// <summary>Where there is no room: it takes more bytes than these.</summary>
    public long Bytes { get; init; }

    /// <summary>Where there is no room: for how long it is not tried again; zero otherwise.</summary>
    public TimeSpan RetryAfter { get; init; }

    /// <summary>Set when found and a part was asked for.</summary>
    public PartAnswer? Part { get; init; }

    /// <summary>The number of the last change by which a record that was not found may have gone to a shard behind this one; above <see cref="Seen"/> when it went during the search.</summary>
    public long LastMove { get; init; }

    /// <summary>Records of the shard that are found by words only, since their vectors could not be had.</summary>
    public long WithoutVector { get; init; }

    /// <summary>For how long the node has not read the log, where the shard lacks a change that its caller knows of; zero otherwise.</summary>
    public TimeSpan LogLag { get; init; }

    /// <summary>Where the shard behind this one begins; null while there is none.</summary>
    public long? End { get; init; }

    /// <summary>The namespace has a shard behind this one.</summary>
    public bool HasNext => End is not null;

    /// <summary>How many shards the namespace has, as far as this one knows, also while it is loaded; 0: it does not say.</summary>
    public int Shards { get; init; }

    /// <summary>It may have to take in a change up to this number.</summary>
    public bool MayLack(long number) => Seen < number && Seen + 1 < (End ?? long.MaxValue);

    /// <summary>Asked again it would say the same. A node of a version before does not say so.</summary>
    public bool IsFinal { get; init; }

    /// <summary>No shard said this: its caller had no answer from any node.</summary>
    public bool IsUnanswered { get; init; }
}

/// <summary>A search of a namespace whose shards are on other nodes.</summary>
/// <param name="MinSequence">What the shards must have seen; none for nothing in particular.</param>
/// <param name="Known">The number of the last change of the partition that the caller knows of.</param>
/// <param name="AllowPartial">Shards that are not there are left out and named instead of waited for; those that are there are waited for until they have seen <paramref name="MinSequence"/>.</param>
public sealed record ClusterCall(ShardQuery Query, Sequence MinSequence, long Known, TimeSpan Timeout, bool AllowPartial);

/// <param name="Seen">The least that a shard had seen when it was searched.</param>
/// <param name="Missing">Shards that could not be asked; empty unless the call allows it.</param>
public sealed record ClusterAnswer(ShardAnswer Found, Sequence Seen, IReadOnlyList<MissingShard> Missing)
{
    /// <inheritdoc cref="ShardReply.WithoutVector"/>
    public long WithoutVector { get; init; }

    /// <summary>The longest of the shards that were searched.</summary>
    /// <inheritdoc cref="ShardReply.LogLag"/>
    public TimeSpan LogLag { get; init; }
}

/// <summary>A shard whose records were not looked at.</summary>
/// <param name="Shard">Its number in the namespace.</param>
/// <param name="Reason">Why, for people.</param>
public sealed record MissingShard(int Shard, string Reason);

/// <summary>A shard that a node holds.</summary>
/// <param name="Behind">Changes of the log that it has still to take in.</param>
/// <param name="IsServed">The shard is asked here; false for one that was loaded to be moved here.</param>
public sealed record HeldShard(string Address, long Records, long Bytes, long Behind, bool IsReady, bool IsServed)
{
    /// <summary>The number of the last change of the partition that is in it.</summary>
    public long Seen { get; init; }

    /// <summary>It has the records whose current version has this number or a higher one.</summary>
    public long First { get; init; }

    /// <summary>And a lower one than this; null for the last shard of its namespace.</summary>
    public long? End { get; init; }

    /// <summary>When its loading into this node's memory was asked for.</summary>
    public DateTimeOffset LoadedAt { get; init; }

    public bool Holds(long number) => number >= First && number < (End ?? long.MaxValue);
}
