namespace Sophia.Snowflake.ExternalFunctions;

/// <summary>Which batch: ids are Snowflake's own, so two integrations could bring the same one.</summary>
public readonly record struct BatchKey(string Tenant, string Integration, string Function, string BatchId);

public enum BatchState
{
    /// <summary>The caller works on it now; <see cref="BatchClaim.Request"/> is what was asked.</summary>
    Claimed,

    /// <summary>Another node works on it, or this one already does.</summary>
    Running,

    /// <summary>It was answered; <see cref="BatchClaim.Answer"/>.</summary>
    Answered,

    /// <summary>The id was used before, with other rows.</summary>
    Different,

    /// <summary>Nothing is known of it.</summary>
    Unknown,
}

public sealed record BatchClaim(BatchState State, byte[]? Request = null, byte[]? Answer = null);

/// <summary>
/// Batches by their id: those being worked on, with what they ask, and those answered. With it a repeat costs nothing, a poll
/// may reach another node, and a node that died in the middle loses no batch: the next that is asked takes it over when its
/// lease has run out.
/// </summary>
public interface IBatchStore
{
    /// <summary>Claims the batch for the owner unless it is answered, another has a live lease, or it was another request.</summary>
    Task<BatchClaim> ClaimAsync(
        BatchKey key, ReadOnlyMemory<byte> request, string owner, DateTimeOffset now, DateTimeOffset leaseUntil, DateTimeOffset keepUntil, CancellationToken cancellationToken);

    /// <summary>What is known of the batch; claims it for the owner when the lease of whoever had it has run out.</summary>
    Task<BatchClaim> ResumeAsync(BatchKey key, string owner, DateTimeOffset now, DateTimeOffset leaseUntil, CancellationToken cancellationToken);

    /// <returns>False when the owner does not have it any more.</returns>
    Task<bool> RenewAsync(BatchKey key, string owner, DateTimeOffset leaseUntil, CancellationToken cancellationToken);

    /// <summary>Stores the answer; the request is not needed any more and goes.</summary>
    Task AnswerAsync(BatchKey key, string owner, ReadOnlyMemory<byte> answer, DateTimeOffset keepUntil, CancellationToken cancellationToken);

    /// <summary>The answer went to whoever waited for it, past the store: of answers that cannot all be kept it is the first to go.</summary>
    void Fetched(BatchKey key)
    {
    }

    /// <summary>Gives up a batch that failed, so that a repeat is worked on afresh.</summary>
    Task ReleaseAsync(BatchKey key, string owner, CancellationToken cancellationToken);

    /// <summary>Removes what need not be kept any more.</summary>
    /// <returns>How many went.</returns>
    Task<int> TrimAsync(DateTimeOffset now, CancellationToken cancellationToken);
}
