namespace Sophia.Snowflake.ExternalFunctions;

/// <summary>What one batch, and all of them together, may take.</summary>
public sealed record BatchLimits
{
    /// <summary>Rows of one batch, 1–1,000,000. Default 100,000.</summary>
    public int MaxRows { get; init; } = 100_000;

    /// <summary>Bytes of one batch after decompression. Default 64 MiB.</summary>
    public long MaxBytes { get; init; } = 64L << 20;

    /// <summary>Bytes of one answer; one that has more is refused (413). Default 128 MiB.</summary>
    public long MaxAnswerBytes { get; init; } = 128L << 20;

    /// <summary>Bytes of answers that a process keeps where there is no PostgreSQL; beyond it those that were fetched go, then the oldest, and the last stays. Default 256 MiB.</summary>
    public long MaxKeptBytes { get; init; } = 256L << 20;

    /// <summary>Rows that may be worked on at once on this node; a batch beyond it is told to come again (429). Default 400,000.</summary>
    public int MaxRowsAtOnce { get; init; } = 400_000;

    /// <summary>Batches that may be worked on at once on this node, and as many that may be read. Default 64.</summary>
    public int MaxBatchesAtOnce { get; init; } = 64;

    /// <summary>How long a call waits for its answer before it is told to poll (202). Default 20 s: Amazon's gateway cuts at 30.</summary>
    public TimeSpan AnswerWithin { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>How long an answer is kept for repeats and polls. Default 15 minutes: Snowflake polls for at most 10.</summary>
    public TimeSpan KeepAnswers { get; init; } = TimeSpan.FromMinutes(15);

    /// <summary>A node that has not said for this long that it works on a batch has lost it to the next one that is asked. Default 30 s.</summary>
    public TimeSpan Lease { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Null, or what is wrong and how to mend it.</summary>
    public string? Validate() => this switch
    {
        { MaxRows: < 1 or > 1_000_000 } => $"MaxRows is {MaxRows}. Set it between 1 and 1,000,000.",
        { MaxBytes: < 1024 or > 1L << 30 } => $"MaxBytes is {MaxBytes}. Set it between 1,024 and 1,073,741,824.",
        { MaxAnswerBytes: < 1024 or > 1L << 30 } => $"MaxAnswerBytes is {MaxAnswerBytes}. Set it between 1,024 and 1,073,741,824.",
        { MaxKeptBytes: < 1024 } => $"MaxKeptBytes is {MaxKeptBytes}. Set it to 1,024 or more.",
        _ when MaxRowsAtOnce < MaxRows => $"MaxRowsAtOnce is {MaxRowsAtOnce}, less than one batch may have ({MaxRows}). Raise it, or lower MaxRows.",
        { MaxBatchesAtOnce: < 1 or > 100_000 } => $"MaxBatchesAtOnce is {MaxBatchesAtOnce}. Set it between 1 and 100,000.",
        _ when AnswerWithin < TimeSpan.Zero || AnswerWithin > TimeSpan.FromMinutes(10) => $"AnswerWithin is {AnswerWithin}. Set it between 00:00:00 and 00:10:00.",
        _ when KeepAnswers < TimeSpan.FromMinutes(10) || KeepAnswers > TimeSpan.FromDays(1) =>
            $"KeepAnswers is {KeepAnswers}. Set it between 00:10:00, as long as Snowflake polls, and 1.00:00:00.",
        _ when Lease < TimeSpan.FromSeconds(3) || Lease > TimeSpan.FromMinutes(5) => $"Lease is {Lease}. Set it between 00:00:03 and 00:05:00.",
        _ => null,
    };
}
