using System.CommandLine;
using Sophia.Cli;
using Sophia.Cli.Terminal;

namespace Sophia.Tests.Cli;

public sealed class CommandDocsTests
{
    [Fact]
    public async Task Every_command_stands_in_the_documentation()
    {
        var folder = AppContext.BaseDirectory;
        while (folder is not null && !File.Exists(Path.Combine(folder, "Sophia.sln"))) folder = Path.GetDirectoryName(folder);
        Assert.NotNull(folder);
        var text = await File.ReadAllTextAsync(Path.Combine(folder, "docs", "cli.md"));
        using var surroundings = new Surroundings { Input = Stream.Null, Output = Stream.Null, Error = TextWriter.Null, Network = new SocketsHttpHandler() };

        Assert.All(Names(SophiaCommand.Create(surroundings), "sophia"), name => Assert.Contains(name, text, StringComparison.Ordinal));
    }

    /// <summary>Each command's name behind that of the one it belongs to.</summary>
    private static IEnumerable<string> Names(Command command, string name) =>
        command.Subcommands.SelectMany(inner => Names(inner, inner.Name).Prepend($"{name} {inner.Name}"));
}
