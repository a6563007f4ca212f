using Orleans.Runtime;
using Orleans.Runtime.Messaging;

namespace Sophia.Gpu.Grains;

/// <summary>
/// Calls that no node answered. Callers of the API are told the kind in a sentence; what Orleans says has the addresses of nodes, paths of
/// sources and whole stacks in it, and belongs into the log.
/// </summary>
internal static class Unanswered
{
    public static bool Is(Exception error) => error is OrleansException or TimeoutException or ConnectionFailedException or IOException;

    /// <param name="error">Of any kind: what is none of <see cref="Is"/> came from a node that answered.</param>
    /// <returns>What the node, or its way, did; goes on from a subject such as "its node".</returns>
    public static string Say(Exception error) => error switch
    {
        TimeoutException => "did not answer in time",
        ConnectionFailedException or IOException => "could not be reached",
        SiloUnavailableException => "is gone",
        OrleansMessageRejectionException => "did not take the call",
        OrleansException => "did not answer",
        _ => "answered with an error, and may be of a version that does not know the question",
    };
}
