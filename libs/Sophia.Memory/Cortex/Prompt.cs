using System.Text;
using Microsoft.Extensions.AI;
using Sophia.Memory.Hierarchy;
using Sophia.Memory.Namespaces;

namespace Sophia.Memory.Cortex;

/// <summary>A request with all that was found out about it.</summary>
internal sealed record Prompt(string Tenant, NamespaceInfo? Namespace, ChatModel Model, CompletionRequest Request, string Key, bool IsResident);

/// <summary>What a model said, with the tokens that it took; those of a failed call too, as far as anything of it came.</summary>
internal readonly record struct ModelReply(string Text, string? FinishReason, long InputTokens, long OutputTokens, bool TokensEstimated)
{
    private const int CharsPerToken = 3;

    /// <summary>
    /// Why there is no answer: a <see cref="ModelUnavailableException"/>, or a <see cref="ModelAnswerException"/>, also for an answer
    /// without text. Null when there is one.
    /// </summary>
    public RefusedException? Failure { get; init; }

    /// <param name="relay">Gets the parts as the model writes them; null to ask for the answer whole.</param>
    public static async Task<ModelReply> AskAsync(Prompt prompt, PartRelay? relay, CancellationToken cancellationToken)
    {
        if (relay is not null)
        {
            return await AskInPartsAsync(prompt, relay, cancellationToken).ConfigureAwait(false);
        }

        try
        {
            var response = await prompt.Model.Client.GetResponseAsync(Messages(prompt.Request), Options(prompt.Request), cancellationToken).ConfigureAwait(false);
            return Of(prompt, response.Text, response.FinishReason?.Value, response.Usage);
        }
        catch (RefusedException failure)
        {
            return default(ModelReply) with { Failure = failure };
        }
    }

    private static async Task<ModelReply> AskInPartsAsync(Prompt prompt, PartRelay relay, CancellationToken cancellationToken)
    {
        var text = new StringBuilder();
        string? reason = null;
        UsageDetails? usage = null;
        try
        {
            await foreach (var part in prompt.Model.Client.GetStreamingResponseAsync(Messages(prompt.Request), Options(prompt.Request), cancellationToken).ConfigureAwait(false))
            {
                reason = part.FinishReason?.Value ?? reason;
                usage = part.Contents.OfType<UsageContent>().LastOrDefault()?.Details ?? usage;
                if (part.Text is { Length: > 0 } written)
                {
                    text.Append(written);
                    await relay.WriteAsync(written).ConfigureAwait(false);
                }
            }
        }
        catch (RefusedException failure)
        {
            return text.Length == 0 && usage is null ? default(ModelReply) with { Failure = failure } : Of(prompt, text.ToString(), reason, usage) with { Failure = failure };
        }

        return Of(prompt, text.ToString(), reason, usage);
    }

    private static ModelReply Of(Prompt prompt, string text, string? finishReason, UsageDetails? usage)
    {
        var failure = string.IsNullOrWhiteSpace(text)
            ? new ModelAnswerException(
                prompt.Model.Name, $"it answered without text (finish reason: {finishReason ?? "none"}).", "Ask differently, or allow more tokens with maxTokens.")
            : null;
        var reply = usage is { InputTokenCount: { } input, OutputTokenCount: { } output }
            ? new ModelReply(text, finishReason, input, output, TokensEstimated: false)
            : new ModelReply(text, finishReason, Tokens(prompt.Request.Messages.Sum(static message => message.Text.Length)), Tokens(text.Length), TokensEstimated: true);
        return reply with { Failure = failure };
    }

    public static IReadOnlyList<ChatMessage> Messages(CompletionRequest request) =>
    [
        .. request.Messages.Select(static message => new ChatMessage(
            message.Role switch { ChatRoleName.System => ChatRole.System, ChatRoleName.Assistant => ChatRole.Assistant, _ => ChatRole.User },
            PromptKey.Normalise(message.Text))),
    ];

    public static ChatOptions Options(CompletionRequest request) => new()
    {
        Temperature = (float?)request.Temperature, TopP = (float?)request.TopP, MaxOutputTokens = request.MaxTokens, Seed = request.Seed,
        StopSequences = request.Stop.Count == 0 ? null : [.. request.Stop],
    };

    private static long Tokens(int chars) => (chars + CharsPerToken - 1) / CharsPerToken;
}
