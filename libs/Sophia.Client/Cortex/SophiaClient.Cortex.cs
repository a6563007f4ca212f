namespace Sophia.Client;

public sealed partial class SophiaClient
{
    /// <summary>Completes a prompt: from the cache if the same or a near one was answered, otherwise by the model.</summary>
    /// <exception cref="SophiaApiException">
    /// <c>model-not-configured</c>, <c>model-not-found</c>, <c>model-not-resident</c>, <c>budget-exhausted</c>, <c>model-unavailable</c>,
    /// <c>model-answer-invalid</c>.
    /// </exception>
    public Task<Answer<Completion>> CompleteAsync(CompletionRequest request, CancellationToken cancellationToken = default) =>
        _channel.SendAsync(
            ApiCall.Ask(new RequestPath("v1/cortex/complete"), request, WireJson.Default.CompletionRequest), WireJson.Default.Completion, null, cancellationToken);
}
