using System.Runtime.CompilerServices;
using Microsoft.Extensions.AI;
using Sophia.Memory.Cortex;
using Sophia.Memory.Models;

namespace Sophia.Gpu.Models.Chat;

/// <summary>A chat model whose answers come whole, behind time-outs, retries and a circuit.</summary>
internal sealed class RepeatingChatClient(string name, IChatClient inner, ChatModelOptions options, TimeProvider clock) : IChatClient, IReportsModelState
{
    private readonly ModelPipeline _pipeline = new(name, options.Calls, clock, ModelUse.Chat);

    public ModelState State => _pipeline.State;

    /// <exception cref="ModelUnavailableException"/>
    /// <exception cref="ModelAnswerException"/>
    public Task<ChatResponse> GetResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default) =>
        _pipeline.RunAsync(static (q, ct) => q.inner.GetResponseAsync(q.messages, q.options, ct), (inner, messages, options), 1, cancellationToken);

    /// <inheritdoc cref="GetResponseAsync"/>
    public async IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var answer = await GetResponseAsync(messages, options, cancellationToken).ConfigureAwait(false);
        foreach (var update in answer.ToChatResponseUpdates())
        {
            yield return update;
        }
    }

    public object? GetService(Type serviceType, object? serviceKey = null) =>
        serviceKey is null && serviceType.IsInstanceOfType(this) ? this : inner.GetService(serviceType, serviceKey);

    public void Dispose() => inner.Dispose();
}
