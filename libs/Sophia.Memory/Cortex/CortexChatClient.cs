using System.Runtime.CompilerServices;
using Microsoft.Extensions.AI;
using Sophia.Memory.Hierarchy;
using Sophia.Memory.Namespaces;

namespace Sophia.Memory.Cortex;

/// <summary>
/// The cache in front of models as a chat client of Microsoft.Extensions.AI, for code in the same process. Text only; tools and
/// other options that the cache does not know of are refused, since an answer must not be served to a request that asked for more.
/// </summary>
/// <param name="ns">Whose text it is; null when it may go to any model.</param>
public sealed class CortexChatClient(CortexMemory cortex, string tenant, NamespaceInfo? ns = null) : IChatClient
{
    /// <summary>The key of <see cref="ChatResponse.AdditionalProperties"/> under which the <see cref="CompletionAnswer"/> is.</summary>
    public const string Receipt = "sophia.receipt";

    /// <exception cref="NotSupportedException">An option that the cache does not know of, or content that is not text.</exception>
    /// <exception cref="RefusedException">As of <see cref="CortexMemory.CompleteAsync"/>.</exception>
    public async Task<ChatResponse> GetResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
    {
        var answer = await cortex.CompleteAsync(tenant, ns, RequestOf(messages, options), new Trail(), cancellationToken).ConfigureAwait(false);
        return new ChatResponse(new ChatMessage(ChatRole.Assistant, answer.Text))
        {
            ModelId = answer.Model.Name, FinishReason = ReasonOf(answer), Usage = UsageOf(answer), AdditionalProperties = new() { [Receipt] = answer },
        };
    }

    /// <inheritdoc cref="GetResponseAsync"/>
    public async IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        await foreach (var part in cortex.CompleteInPartsAsync(tenant, ns, RequestOf(messages, options), new Trail(), cancellationToken).ConfigureAwait(false))
        {
            yield return part.Whole is not { } whole ? new ChatResponseUpdate(ChatRole.Assistant, part.Text) : new ChatResponseUpdate
            {
                Role = ChatRole.Assistant, ModelId = whole.Model.Name, FinishReason = ReasonOf(whole), Contents = [new UsageContent(UsageOf(whole))],
                AdditionalProperties = new() { [Receipt] = whole },
            };
        }
    }

    public object? GetService(Type serviceType, object? serviceKey = null) =>
        serviceKey is null && serviceType is not null && serviceType.IsInstanceOfType(this) ? this : null;

    public void Dispose()
    {
        // The cache is not this client's to end.
    }

    private static CompletionRequest RequestOf(IEnumerable<ChatMessage> messages, ChatOptions? options)
    {
        if (options is not null && AsksForMore(options))
        {
            throw new NotSupportedException("The cache in front of models takes messages, temperature, top-p, maximal tokens, seed and stop sequences only.");
        }

        var asked = messages.Select(static message => new PromptMessage(RoleOf(message.Role), TextOf(message))).ToList();
        if (options?.Instructions is { Length: > 0 } instructions)
        {
            asked.Insert(0, new PromptMessage(ChatRoleName.System, instructions));
        }

        return asked.Count == 0 ? throw new ArgumentException("There is no message.", nameof(messages)) : new CompletionRequest
        {
            Model = options?.ModelId, Messages = asked, Temperature = options?.Temperature, TopP = options?.TopP, MaxTokens = options?.MaxOutputTokens,
            Seed = options?.Seed, Stop = options?.StopSequences is { } stops ? [.. stops] : [],
        };
    }

#pragma warning disable MEAI001 // What is experimental is refused, too.
    // Two requests that differ in one of these would share an answer.
    private static bool AsksForMore(ChatOptions options) => options is { Tools.Count: > 0 } or { ToolMode: RequiredChatToolMode } or
        { ResponseFormat: not (null or ChatResponseFormatText) } or { FrequencyPenalty: not null } or { PresencePenalty: not null } or { TopK: not null } or
        { ConversationId: not null } or { Reasoning: not null } or { AdditionalProperties.Count: > 0 } or { RawRepresentationFactory: not null } or
        { AllowBackgroundResponses: true } or { ContinuationToken: not null };
#pragma warning restore MEAI001

    private static ChatRoleName RoleOf(ChatRole role) =>
        role == ChatRole.System ? ChatRoleName.System : role == ChatRole.Assistant ? ChatRoleName.Assistant
        : role == ChatRole.User ? ChatRoleName.User : throw new NotSupportedException($"Messages of role '{role}' are not taken.");

    private static string TextOf(ChatMessage message) => message.Contents.All(static content => content is TextContent)
        ? message.Text : throw new NotSupportedException("Only text is taken.");

    private static ChatFinishReason? ReasonOf(CompletionAnswer answer) => answer.FinishReason is { } reason ? new ChatFinishReason(reason) : null;

    private static UsageDetails UsageOf(CompletionAnswer answer) => new()
    {
        InputTokenCount = answer.InputTokens, OutputTokenCount = answer.OutputTokens, TotalTokenCount = answer.InputTokens + answer.OutputTokens,
    };
}
