using System.CommandLine;
using System.Diagnostics;
using System.Text.Json;
using Sophia.Cli.Import;
using Sophia.Cli.Terminal;
using Sophia.Client;

namespace Sophia.Cli.Cortex;

/// <summary>
/// <c>sophia cortex replay</c>: asks the service every prompt of a recorded log, in its order, and prints which share of the calls
/// and of their cost the cache avoided. A line is a body of POST /v1/cortex/complete; its times are not replayed.
/// </summary>
internal static class ReplayCommand
{
    public static Command Create(Surroundings surroundings)
    {
        var file = new Argument<string>("file") { Description = "NDJSON: a line is {\"prompt\":\"…\"} or any body of POST /v1/cortex/complete." };
        var atOnce = new Option<int>("--at-once") { Description = "Prompts under way at the same time; 1 by default, which keeps their order.", DefaultValueFactory = static _ => 1, HelpName = "n" };
        var command = new Command("replay", "Ask every prompt of a file, and print the shares of calls and of cost that the cache avoided.") { file, atOnce };
        command.SetAction(async (parse, cancellationToken) =>
        {
            var path = parse.GetRequiredValue(file);
            var parallel = parse.GetValue(atOnce);
            if (parallel is < 1 or > 256) throw new UsageException("--at-once is 1 to 256.", "Leave it out to keep the prompts' order.");
            if (!File.Exists(path)) throw new UsageException($"There is no file '{path}'.", "Name a file of NDJSON.");
            var client = Service.Connect(parse, surroundings);
            var tally = new ReplayTally();
            await Parallel.ForEachAsync(
                PromptsAsync(path, cancellationToken), new ParallelOptions { MaxDegreeOfParallelism = parallel, CancellationToken = cancellationToken },
                (prompt, ct) => AskAsync(client, prompt, tally, surroundings, ct));
            await parse.InvocationConfiguration.Output.WriteLineAsync(parse.GetValue(Service.Json) ? CliJson.Text(tally.ToJson()) : tally.ToText());
            return tally.Failed == 0 ? ExitCodes.Ok : ExitCodes.Refused;
        });
        return command;
    }

    // A prompt that fails counts as one that was not avoided; what no prompt can mend ends the replay.
    private static async ValueTask AskAsync(SophiaClient client, (int Line, CompletionRequest Request) prompt, ReplayTally tally, Surroundings surroundings, CancellationToken cancellationToken)
    {
        var started = Stopwatch.GetTimestamp();
        try
        {
            var answer = await client.CompleteAsync(prompt.Request, cancellationToken);
            tally.Add(answer.Value, Stopwatch.GetElapsedTime(started));
        }
        catch (SophiaApiException e) when (e.Code is not ("unauthenticated" or "forbidden" or "loopback-only" or "model-not-configured" or "budget-exhausted"))
        {
            tally.Fail();
            await surroundings.Error.WriteLineAsync($"line {prompt.Line}: {e.Message}");
        }
    }

    private static async IAsyncEnumerable<(int Line, CompletionRequest Request)> PromptsAsync(
        string path, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await using var stream = File.OpenRead(path);
        var lines = new NdjsonLines(stream, 0);
        for (var number = 1; await lines.ReadAsync(cancellationToken) is { } line; number++)
        {
            if (line.Bytes is not { } bytes) throw new UsageException($"Line {number} is too long to be a prompt.", "Send shorter prompts.");
            if (bytes.Span.Trim(" \t\r"u8).IsEmpty) continue;
            yield return (number, Read(bytes, number));
        }
    }

    private static CompletionRequest Read(ReadOnlyMemory<byte> line, int number)
    {
        try
        {
            var request = JsonSerializer.Deserialize(line.Span, CliJson.Default.CompletionRequest) ?? throw new JsonException("It is null.");
            // The reader takes what is too large for infinite, which cannot be sent.
            return double.IsFinite(request.Temperature ?? 0) && double.IsFinite(request.TopP ?? 0) ? request : throw new JsonException("A number is too large.");
        }
        catch (JsonException e)
        {
            throw new UsageException($"Line {number} is no prompt: {e.Message}", "A line is {\"prompt\":\"…\"} or any body of POST /v1/cortex/complete.");
        }
    }
}
