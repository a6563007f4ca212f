using System.CommandLine;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Unicode;
using Sophia.Cli.Terminal;
using Sophia.Client;

namespace Sophia.Cli.Memories;

/// <summary><c>sophia put</c>: one record from an argument, a file or standard input.</summary>
internal static class PutCommand
{
    private static readonly UTF8Encoding s_strict = new(false, throwOnInvalidBytes: true);

    public static Command Create(Surroundings surroundings)
    {
        var key = new Argument<string>("key") { Description = "The record's key." };
        var text = new Argument<string?>("content") { Description = "Its content; absent: --file, or standard input.", Arity = ArgumentArity.ZeroOrOne };
        var space = Service.Namespace();
        var file = new Option<string?>("--file", "-f") { Description = "Take the content from this file; - is standard input.", HelpName = "path" };
        var type = new Option<string?>("--content-type") { Description = "The media type. application/json: the content is one JSON value.", HelpName = "type" };
        var tags = new Option<string[]>("--tag") { Description = "A tag; may be repeated.", HelpName = "tag" };
        var attributes = new Option<string[]>("--attribute", "-a") { Description = "name=value; the value is JSON or else text. May be repeated.", HelpName = "name=value" };
        var ttl = new Option<double?>("--ttl") { Description = "Seconds to live.", HelpName = "seconds" };
        var source = new Option<string?>("--source") { Description = "Where it comes from (provenance).", HelpName = "text" };
        var ifPresent = new Option<IfPresent?>("--if-present") { Description = "What to do when the key holds a record: replace (default), merge, reject." };
        var ifMatch = new Option<string?>("--if-match") { Description = "Only when this ETag still stands.", HelpName = "etag" };
        var ifAbsent = new Option<bool>("--if-absent") { Description = "Only when the key holds nothing." };
        var command = new Command("put", "Write one record.")
        {
            key, text, space, file, type, tags, attributes, ttl, source, ifPresent, ifMatch, ifAbsent,
        };
        command.SetAction(async (parse, cancellationToken) =>
        {
            var bytes = await ContentAsync(parse.GetValue(text), parse.GetValue(file), surroundings, cancellationToken);
            var draft = WithContent(bytes, parse.GetValue(type)) with
            {
                Tags = parse.GetValue(tags) is { Length: > 0 } given ? given : null,
                Attributes = Attributes(parse.GetValue(attributes) ?? []),
                TtlSeconds = parse.GetValue(ttl),
                Provenance = parse.GetValue(source) is { } from ? new Provenance(from) : null,
                IfPresent = parse.GetValue(ifPresent),
            };
            if (DraftText.Flaw(draft) is { } flaw) throw new UsageException($"The record is not text throughout: {flaw}", "Write whole characters: both halves of a surrogate pair, or neither.");
            var conditions = new WriteConditions(parse.GetValue(ifMatch), parse.GetValue(ifAbsent));
            var answer = await Service.Connect(parse, surroundings)
                .PutAsync(parse.GetRequiredValue(space), parse.GetRequiredValue(key), draft, conditions, cancellationToken);
            var output = parse.InvocationConfiguration.Output;
            if (parse.GetValue(Service.Json)) await output.WriteLineAsync(CliJson.Text(CliJson.Describe(answer, CliJson.Default.Receipt)));
            else await output.WriteLineAsync(
                $"{answer.Value.Status.ToString().ToLowerInvariant()} version {answer.Value.Version} etag {answer.Value.ETag} sequence {answer.Value.Sequence}");
            return ExitCodes.Ok;
        });
        return command;
    }

    private static async Task<byte[]> ContentAsync(string? text, string? file, Surroundings surroundings, CancellationToken cancellationToken)
    {
        if (text is not null && file is not null)
            throw new UsageException("The content is given twice.", "Give it as the argument or with --file.");
        if (text is not null) return Encoding.UTF8.GetBytes(text);
        if (file is not null and not "-") return await File.ReadAllBytesAsync(file, cancellationToken);
        if (file is null && surroundings.InputIsTerminal)
            throw new UsageException("There is no content.", "Give it as the second argument, with --file, or through a pipe.");
        using var all = new MemoryStream();
        // Reading from a pipe ends only when something comes.
        await surroundings.Input.CopyToAsync(all, cancellationToken).WaitAsync(cancellationToken);
        return all.ToArray();
    }

    private static MemoryDraft WithContent(byte[] bytes, string? type)
    {
        if (type is not null && type.Split(';')[0].Trim().Equals("application/json", StringComparison.OrdinalIgnoreCase))
            try
            {
                if (!Utf8.IsValid(bytes)) throw new JsonException("It is not UTF-8.");
                return new MemoryDraft { Content = new MemoryContent(JsonElement.Parse(bytes)), ContentType = type };
            }
            catch (Exception e) when (e is JsonException or InvalidOperationException)
            {
                // The second comes from half of a surrogate pair.
                throw new UsageException($"The content is not JSON: {e.Message}", "Leave --content-type away to store it as text.");
            }
        try
        {
            return new MemoryDraft { Content = s_strict.GetString(bytes), ContentType = type };
        }
        catch (DecoderFallbackException)
        {
            return new MemoryDraft { Bytes = bytes, ContentType = type };
        }
    }

    private static JsonObject? Attributes(string[] given)
    {
        if (given.Length == 0) return null;
        var attributes = new JsonObject();
        foreach (var pair in given)
        {
            var equals = pair.IndexOf('=', StringComparison.Ordinal);
            if (equals <= 0) throw new UsageException($"\"{pair}\" is not name=value.", "Write --attribute priority=3, or --attribute lang=de.");
            attributes[pair[..equals]] = Value(pair[(equals + 1)..]);
        }
        return attributes;
    }

    private static JsonNode? Value(string text)
    {
        try
        {
            return JsonNode.Parse(text);
        }
        catch (JsonException)
        {
            return JsonValue.Create(text);
        }
    }
}
