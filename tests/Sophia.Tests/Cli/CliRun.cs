using System.Text;
using System.Text.Json.Nodes;
using Sophia.Cli;
using Sophia.Cli.Terminal;
using Sophia.Tests.Client;

namespace Sophia.Tests.Cli;

internal sealed record CliResult(int ExitCode, string Output, string Error)
{
    public JsonObject Json => JsonNode.Parse(Output)!.AsObject();
}

/// <summary>Runs the command in this process, with a home of its own.</summary>
internal sealed class CliRun : IDisposable
{
    public string Folder { get; } = Directory.CreateTempSubdirectory("sophia-cli-").FullName;

    public Dictionary<string, string> Variables { get; } = [];

    /// <summary>Instead of the text that a run is given.</summary>
    public Stream? Input { get; set; }

    public TimeProvider Time { get; set; } = TimeProvider.System;

    public TimeSpan Patience { get; set; } = TimeSpan.FromSeconds(100);

    public Task<CliResult> RunAsync(ScriptedService service, string[] args, string? input = null, bool inputIsTerminal = false, CancellationToken cancellationToken = default) =>
        RunAsync(service.Address, args, input, inputIsTerminal, cancellationToken);

    public async Task<CliResult> RunAsync(Uri service, string[] args, string? input = null, bool inputIsTerminal = false, CancellationToken cancellationToken = default)
    {
        Variables.TryAdd("HOME", Folder);
        Variables["SOPHIA_URL"] = service.AbsoluteUri;
        using var output = new MemoryStream();
        using var error = new StringWriter();
        using var surroundings = new Surroundings
        {
            Input = Input ?? new MemoryStream(Encoding.UTF8.GetBytes(input ?? "")), Output = output, Error = error, InputIsTerminal = inputIsTerminal,
            Variable = Variables.GetValueOrDefault, Network = new SocketsHttpHandler(), Patience = Patience, Time = Time,
        };
        var exitCode = await SophiaCommand.RunAsync(args, surroundings, cancellationToken);
        return new CliResult(exitCode, Encoding.UTF8.GetString(output.ToArray()), error.ToString());
    }

    public string Write(string path, string text)
    {
        var full = Path.Combine(Folder, path);
        Directory.CreateDirectory(Path.GetDirectoryName(full)!);
        File.WriteAllText(full, text);
        return full;
    }

    public void Dispose() => Directory.Delete(Folder, recursive: true);
}
