using System.CommandLine;
using Sophia.Cli.Terminal;

namespace Sophia.Cli.Cortex;

/// <summary><c>sophia cortex</c>: models behind the cache.</summary>
internal static class CortexCommand
{
    public static Command Create(Surroundings surroundings) => new("cortex", "Models behind the cache.") { ReplayCommand.Create(surroundings) };
}
