using System.Text;

namespace Sophia.Cli.Terminal;

/// <summary>All that a command touches outside of itself, so that a test can run one in its own process.</summary>
internal sealed record Surroundings : IDisposable
{
    public required Stream Input { get; init; }
    public required Stream Output { get; init; }
    public required TextWriter Error { get; init; }
    public bool InputIsTerminal { get; init; }
    public bool OutputIsTerminal { get; init; }
    public bool ErrorIsTerminal { get; init; }
    public Func<string, string?> Variable { get; init; } = static _ => null;
    public required HttpMessageHandler Network { get; init; }

    /// <summary>How long an answer is waited for, but for that of a command that may take hours.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(100);
    public TimeProvider Time { get; init; } = TimeProvider.System;

    public static Surroundings OfThisProcess() => new()
    {
        Input = Console.OpenStandardInput(),
        Output = Console.OpenStandardOutput(),
        Error = Console.Error,
        InputIsTerminal = !Console.IsInputRedirected,
        OutputIsTerminal = !Console.IsOutputRedirected,
        ErrorIsTerminal = !Console.IsErrorRedirected,
        Variable = Environment.GetEnvironmentVariable,
        Network = new SocketsHttpHandler { AutomaticDecompression = System.Net.DecompressionMethods.All },
    };

    /// <summary>UTF-8 without a byte order mark, which a pipe would take for content.</summary>
    public TextWriter OpenText() => new StreamWriter(Output, new UTF8Encoding(false), leaveOpen: true) { NewLine = "\n" };

    public void Dispose()
    {
        Network.Dispose();
        Output.Flush();
    }
}
