namespace Sophia.Memory.Models;

/// <summary>How far a change of model is. Stored by name.</summary>
public enum ModelChangePhase
{
    /// <summary>Vectors of the new model are being made; the old one is current.</summary>
    Making,

    /// <summary>All are made; the new model was not as good as asked, or the cut-over is the operator's. The old one is current.</summary>
    Held,

    /// <summary>The new model is current; the old vectors are kept, and made for what is written meanwhile.</summary>
    Cut,

    /// <summary>The vectors of the model that is not current are being dropped.</summary>
    Settling,

    /// <summary>Closed: the new model is the only one.</summary>
    Finished,

    /// <summary>Closed: the old model is the only one.</summary>
    Undone,
}

/// <summary>What the dual read found: sampled records, each asked for by a part of its own text, with both models.</summary>
/// <param name="Samples">Records asked for.</param>
/// <param name="Before">Share of them that the old model finds among the first ten, 0–1; null when it could not be asked.</param>
/// <param name="After">Share of them that the new model finds among the first ten.</param>
/// <param name="Overlap">Mean share of the old model's ten that are among the new one's; null when the old could not be asked.</param>
public sealed record ModelRecall(int Samples, double? Before, double After, double? Overlap);

/// <summary>A namespace's change from one model to another, as the store keeps it.</summary>
public sealed record ModelChange
{
    public required long NamespaceId { get; init; }

    /// <summary>1 for the first state; one more with each. Goes on over later changes of the same namespace.</summary>
    public required int Revision { get; init; }

    public required ModelChangePhase Phase { get; init; }

    /// <summary>Identity and dimensions of the model that was current when the change began.</summary>
    public required string From { get; init; }

    public required int FromDimensions { get; init; }

    /// <summary>Identity and dimensions of the model that is changed to.</summary>
    public required string To { get; init; }

    public required int ToDimensions { get; init; }

    /// <summary>True once the new model is current, until it is undone.</summary>
    public bool IsCut { get; init; }

    /// <summary>Whether the cut-over follows a passed check by itself.</summary>
    public bool CutsByItself { get; init; } = true;

    /// <summary>The new model must find this share of what the old one finds, 0–1.</summary>
    public double MinRecall { get; init; } = 0.9;

    /// <summary>Records that the check asks for, 0–1,000.</summary>
    public int Samples { get; init; } = 100;

    public ModelRecall? Recall { get; init; }

    /// <summary>Records that had their new vector when last counted, and records of the namespace.</summary>
    public long Made { get; init; }

    public long Total { get; init; }

    /// <summary>Why it stands still; null when it does not.</summary>
    public string? Reason { get; init; }

    public DateTimeOffset StartedAt { get; init; }

    public DateTimeOffset UpdatedAt { get; init; }

    [System.Text.Json.Serialization.JsonIgnore]
    public bool IsOpen => Phase is not (ModelChangePhase.Finished or ModelChangePhase.Undone);

    /// <summary>Identity of the model that searches use.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public string Current => IsCut ? To : From;

    [System.Text.Json.Serialization.JsonIgnore]
    public int CurrentDimensions => IsCut ? ToDimensions : FromDimensions;

    /// <summary>The next state.</summary>
    public ModelChange Next(ModelChangePhase phase, DateTimeOffset now, string? reason = null) =>
        this with { Revision = Revision + 1, Phase = phase, Reason = reason, UpdatedAt = now };
}
