namespace Sophia.Bench.Load;

/// <summary>What a load asks, and what it makes of the answers.</summary>
internal interface IRequests
{
    /// <summary>The bytes of a connection's next request; they must stay as they are until its answer came.</summary>
    ReadOnlyMemory<byte> Next(int connection);

    /// <exception cref="InvalidOperationException">The answer is not what the load is about.</exception>
    /// <returns>How many units of work (records) it stands for.</returns>
    int Accept(int connection, int status, ReadOnlySpan<byte> body);
}
