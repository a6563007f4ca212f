using Microsoft.Extensions.AI;

namespace Sophia.Bench.Cortex;

/// <summary>A model that answers at once, so that what is measured is the cache.</summary>
internal sealed class EchoChat : IChatClient
{
    public Task<ChatResponse> GetResponseAsync(IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default) =>
        Task.FromResult(new ChatResponse(new ChatMessage(ChatRole.Assistant, $"You said: {messages.Last().Text}"))
        {
            FinishReason = ChatFinishReason.Stop, Usage = new UsageDetails { InputTokenCount = 100, OutputTokenCount = 50 },
        });

    public IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default) => throw new NotSupportedException();

    public object? GetService(Type serviceType, object? serviceKey = null) => null;

    public void Dispose()
    {
    }
}
