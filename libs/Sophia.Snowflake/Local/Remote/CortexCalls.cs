using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.AI;
using Sophia.Memory.Cortex;
using Sophia.Memory.Models;

namespace Sophia.Snowflake.Local.Remote;

/// <summary>Asks the configured models for Cortex's functions. Threads of the engine wait here: it calls functions and takes no promises.</summary>
internal sealed class CortexCalls(LocalServices services)
{
    private const int AtOnce = 8;

    /// <summary>A vector of so many components for each text; null for null and for a text without words.</summary>
    /// <exception cref="SnowflakeException">No embedder is configured, it does not answer, or its vectors are longer.</exception>
    public List<float>?[] Embed(IReadOnlyList<string?> texts, int dimensions, CancellationToken stop)
    {
        const string Function = "AI_EMBED";
        var model = services.Embedder ?? throw FunctionCaller.Remote(Function, 400, "\"unknown model: the local Snowflake has no embedder\"");
        if (model.Dimensions > dimensions)
            throw FunctionCaller.Remote(Function, 400, string.Create(CultureInfo.InvariantCulture, $"\"the embedder {model.Name} makes {model.Dimensions} components, and the model named has {dimensions}\""));
        string[] given = [.. texts.OfType<string>().Where(static t => !string.IsNullOrWhiteSpace(t)).Distinct(StringComparer.Ordinal)];
        if (given.Length == 0) return new List<float>?[texts.Count];
        var made = Wait(Function, () => model.EmbedAsync(given, EmbeddingRole.Document, stop).AsTask(), stop);
        Dictionary<string, List<float>?> byText = new(StringComparer.Ordinal);
        for (var i = 0; i < given.Length; i++)
        {
            List<float>? vector = null;
            if (made[i] is { } components)
            {
                vector = new(dimensions);
                vector.AddRange(components);
                vector.AddRange(Enumerable.Repeat(0f, dimensions - components.Length));
            }

            byText[given[i]] = vector;
        }

        return [.. texts.Select(text => text is null ? null : byText.GetValueOrDefault(text))];
    }

    /// <summary>Answers each, some at once; the same is asked once.</summary>
    /// <returns>The texts, or with options of COMPLETE the objects that hold them; null where TRY_COMPLETE failed.</returns>
    /// <exception cref="SnowflakeException">The first that failed.</exception>
    public IReadOnlyList<string?> Complete(string function, IReadOnlyList<Completion> asked, CancellationToken stop)
    {
        Completion[] distinct = [.. asked.Distinct()];
        var answers = Wait(function, async () =>
        {
            var texts = new string?[distinct.Length];
            await Parallel.ForAsync(0, distinct.Length, new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = stop },
                async (i, ct) => texts[i] = await CompleteAsync(function, distinct[i], ct).ConfigureAwait(false)).ConfigureAwait(false);
            return texts;
        }, stop);
        var places = distinct.Select(static (completion, i) => (completion, i)).ToDictionary(static d => d.completion, static d => d.i);
        return [.. asked.Select(a => answers[places[a]])];
    }

    private async Task<string?> CompleteAsync(string function, Completion asked, CancellationToken stop)
    {
        try
        {
            var chat = services.ChatModels.All.FirstOrDefault(m => m.Name == asked.Model) ?? throw CortexFunctions.UnknownModel(function, asked.Model);
            var answer = await chat.Client.GetResponseAsync(Messages(function, asked.Prompt), Options(function, asked.Options), stop).ConfigureAwait(false);
            return asked.Options.Length == 0 || function == "AI_COMPLETE" ? answer.Text : Detailed(asked.Model, answer);
        }
        catch (Exception error) when (function == "TRY_COMPLETE" && error is SnowflakeException or ModelUnavailableException or ModelAnswerException && !stop.IsCancellationRequested)
        {
            return null;
        }
    }

    private string Detailed(string model, ChatResponse answer)
    {
        var (read, written) = (answer.Usage?.InputTokenCount ?? 0, answer.Usage?.OutputTokenCount ?? 0);
        return new JsonObject
        {
            ["choices"] = new JsonArray(new JsonObject { ["messages"] = answer.Text }),
            ["created"] = services.Clock.GetUtcNow().ToUnixTimeSeconds(),
            ["model"] = model,
            ["usage"] = new JsonObject { ["completion_tokens"] = written, ["prompt_tokens"] = read, ["total_tokens"] = read + written },
        }.ToJsonString();
    }

    private static List<ChatMessage> Messages(string function, string prompt)
    {
        using var document = JsonDocument.Parse(prompt);
        if (document.RootElement.ValueKind == JsonValueKind.String) return [new(ChatRole.User, document.RootElement.GetString())];
        List<ChatMessage> messages = [];
        foreach (var message in document.RootElement.ValueKind == JsonValueKind.Array ? document.RootElement.EnumerateArray() : throw Invalid(function, "prompt"))
        {
            if (message.ValueKind != JsonValueKind.Object || !message.TryGetProperty("role", out var role) || !message.TryGetProperty("content", out var content)
                || role.ValueKind != JsonValueKind.String || content.ValueKind != JsonValueKind.String || role.GetString() is not ("system" or "user" or "assistant")) throw Invalid(function, "prompt");
            messages.Add(new(new ChatRole(role.GetString()!), content.GetString()));
        }

        return messages.Count > 0 ? messages : throw Invalid(function, "prompt");
    }

    private static ChatOptions Options(string function, string options)
    {
        ChatOptions asked = new();
        if (options.Length == 0) return asked;
        using var document = JsonDocument.Parse(options);
        if (document.RootElement.ValueKind != JsonValueKind.Object) throw Invalid(function, "options");
        foreach (var option in document.RootElement.EnumerateObject())
        {
            if (option.Name is not ("temperature" or "top_p" or "max_tokens")) throw SnowflakeException.Unsupported($"the option {option.Name} of a completion");
            if (option.Value.ValueKind != JsonValueKind.Number) throw Invalid(function, option.Name);
            switch (option.Name)
            {
                case "temperature": asked.Temperature = (float)option.Value.GetDouble(); break;
                case "top_p": asked.TopP = (float)option.Value.GetDouble(); break;
                default: asked.MaxOutputTokens = option.Value.TryGetInt32(out var most) && most > 0 ? most : throw Invalid(function, option.Name); break;
            }
        }

        return asked;
    }

    private static SnowflakeException Invalid(string function, string what) => FunctionCaller.Remote(function, 400, $"\"invalid {what}\"");

    private static T Wait<T>(string function, Func<Task<T>> ask, CancellationToken stop)
    {
        try
        {
            // On the pool, so that nothing of the model's client comes back to a thread that waits.
            return Task.Run(ask, stop).GetAwaiter().GetResult();
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            throw SnowflakeException.Cancelled();
        }
        catch (Exception error) when (error is EmbedderUnavailableException or ModelUnavailableException)
        {
            throw FunctionCaller.Remote(function, 503, error.Message);
        }
        catch (Exception error) when (error is EmbedderAnswerException or ModelAnswerException)
        {
            throw FunctionCaller.Remote(function, 400, error.Message);
        }
    }
}

/// <summary>A completion that a row asks for.</summary>
/// <param name="Prompt">JSON: a text, or a conversation [{role, content}, …].</param>
/// <param name="Options">JSON {temperature, top_p, max_tokens}; empty for none.</param>
internal readonly record struct Completion(string Model, string Prompt, string Options)
{
    public string Key => $"{Model}\0{Prompt}\0{Options}";
}
