using System.Runtime.CompilerServices;
using Microsoft.Extensions.AI;
using Sophia.Memory.Cortex;
using Sophia.Memory.Models;

namespace Sophia.Gpu.Models.Chat;

/// <summary>A chat model behind time-outs, retries and a circuit. Of a streamed answer only the beginning is repeated: what has gone out cannot be taken back.</summary>
internal sealed class ResilientChatClient(string name, OpenAiChat chat, ChatModelOptions options, TimeProvider clock) : IChatClient, IReportsModelState
{
    private readonly ModelPipeline _pipeline = new(name, options.Calls, clock, ModelUse.Chat);
    private readonly ChatClientMetadata _metadata = new("openai", chat.Address, options.Model);

    public ModelState State => _pipeline.State;

    /// <exception cref="ModelUnavailableException"/>
    /// <exception cref="ModelAnswerException"/>
    public Task<ChatResponse> GetResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default) =>
        _pipeline.RunAsync(static (q, ct) => q.chat.CompleteAsync(q.messages, q.options, ct), (chat, messages, options), 1, cancellationToken);

    /// <exception cref="ModelUnavailableException"/>
    /// <exception cref="ModelAnswerException"/>
    public async IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        using var response = await _pipeline.RunAsync(
            static (q, ct) => q.chat.BeginAsync(q.messages, q.options, ct), (chat, messages, options), 1, cancellationToken).ConfigureAwait(false);
        await using var parts = chat.PartsAsync(response, cancellationToken).GetAsyncEnumerator(cancellationToken);
        while (true)
        {
            try
            {
                if (!await parts.MoveNextAsync().ConfigureAwait(false))
                {
                    yield break;
                }
            }
            catch (ModelCallException error)
            {
                throw _pipeline.Failed(error);
            }

            yield return parts.Current;
        }
    }

    public object? GetService(Type serviceType, object? serviceKey = null) =>
        serviceKey is not null ? null
        : serviceType == typeof(ChatClientMetadata) ? _metadata
        : serviceType.IsInstanceOfType(this) ? this : null;

    public void Dispose() => chat.Dispose();
}
