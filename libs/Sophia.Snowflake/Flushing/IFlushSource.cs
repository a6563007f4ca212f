namespace Sophia.Snowflake.Flushing;

/// <summary>Something that has rows for Snowflake: the mirror, the sampler.</summary>
public interface IFlushSource
{
    /// <summary>A word for metrics and reports: mirror, sampler.</summary>
    string Name { get; }

    /// <summary>Rows that wait and are worth resuming a warehouse for. Called often; asks nobody.</summary>
    long Waiting { get; }

    /// <summary>Writes what waits. What was written and is written again does no harm: a flush may break off anywhere.</summary>
    /// <param name="session">Opens its connection with the first statement, so that a flush that finds nothing resumes no warehouse.</param>
    /// <returns>How many rows were written.</returns>
    Task<long> FlushAsync(FlushSession session, CancellationToken cancellationToken);
}
