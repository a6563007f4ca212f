using System.Text;
using Microsoft.Extensions.AI;
using Sophia.Memory.Namespaces;

namespace Sophia.Memory.Cortex;

/// <summary>A request with all that was found out about it.</summary>
internal sealed record Prompt(string Tenant, NamespaceInfo? Namespace, ChatModel Model, CompletionRequest Request, string Key, bool IsResident);

/// <summary>What a model said, with the tokens that it took.</summary>
internal readonly record struct ModelReply(string Text, string? FinishReason, long InputTokens, long OutputTokens, bool TokensEstimated)
{
    private const int CharsPerToken = 3;

    /// <exception cref="ModelUnavailableException"/>
    /// <exception cref="ModelAnswerException">Also when there is no text in the answer.</exception>
    /// <param name="relay">Gets the parts as the model writes them; null to ask for the answer whole.</param>
    public static async Task<ModelReply> AskAsync(Prompt prompt, PartRelay? relay, CancellationToken cancellationToken)
    {
        if (relay is not null)
        {
            return await AskInPartsAsync(prompt, relay, cancellationToken).ConfigureAwait(false);
        }

        var response = await prompt.Model.Client.GetResponseAsync(Messages(prompt.Request), Options(prompt.Request), cancellationToken).ConfigureAwait(false);
        return Of(prompt, response.Text, response.FinishReason?.Value, response.Usage);
    }

    private static async Task<ModelReply> AskInPartsAsync(Prompt prompt, PartRelay relay, CancellationToken cancellationToken)
    {
        var text = new StringBuilder();
        string? reason = null;
        UsageDetails? usage = null;
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

        return Of(prompt, text.ToString(), reason, usage);
    }

    private static ModelReply Of(Prompt prompt, string text, string? finishReason, UsageDetails? usage)
    {
        if (string.IsNullOrWhiteSpace(text))
        {
            throw new ModelAnswerException(
                prompt.Model.Name, $"it answered without text (finish reason: {finishReason ?? "none"}).", "Ask differently, or allow more tokens with maxTokens.");
        }

        return usage is { InputTokenCount: { } input, OutputTokenCount: { } output }
            ? new ModelReply(text, finishReason, input, output, TokensEstimated: false)
            : new ModelReply(text, finishReason, Tokens(prompt.Request.Messages.Sum(static message => message.Text.Length)), Tokens(text.Length), TokensEstimated: true);
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
