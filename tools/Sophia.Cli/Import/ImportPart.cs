using Sophia.Client;

namespace Sophia.Cli.Import;

/// <summary>What stands or falls together for the journal: a file, or a run of lines.</summary>
/// <param name="Bytes">How much of the source it is, for the progress bar.</param>
/// <param name="LabelOf">How to name its n-th record to the user.</param>
/// <param name="FinishedAsync">Called once, when a receipt for each of its records is here.</param>
internal sealed record ImportPart(
    IReadOnlyList<MemoryDraft> Drafts, long Bytes, Func<int, string> LabelOf, Func<PartOutcome, CancellationToken, Task> FinishedAsync)
{
    /// <summary>Nobody knows when the next will come: this one, and what waits before it, is not kept until a batch is full.</summary>
    public bool IsSentAtOnce { get; init; }
}

/// <param name="Rejected">How many of its records were, but for those that were there already.</param>
/// <param name="WasKnown">Some record had been there before.</param>
internal sealed record PartOutcome(int Rejected, bool WasKnown);

internal interface IImportSource
{
    /// <summary>The bytes of the whole source; null when they cannot be known before.</summary>
    long? TotalBytes { get; }

    /// <summary>The parts in the order of the source, made as they are asked for.</summary>
    IAsyncEnumerable<ImportPart> PartsAsync(CancellationToken cancellationToken);
}
