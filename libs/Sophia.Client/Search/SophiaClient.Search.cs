namespace Sophia.Client;

public sealed partial class SophiaClient
{
    /// <summary>The records of a namespace that fit best, best first.</summary>
    public Task<Answer<SearchResult>> SearchAsync(
        string @namespace, SearchRequest request, CancellationToken cancellationToken = default) =>
        _channel.SendAsync(
            ApiCall.Ask(InNamespace(@namespace).Literal("search"), request, WireJson.Default.SearchRequest),
            WireJson.Default.SearchResult, static result => result.Sequence, cancellationToken);
}
