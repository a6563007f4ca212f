namespace Sophia.Client;

public sealed partial class SophiaClient
{
    /// <summary>The tenant's namespaces.</summary>
    public IAsyncEnumerable<NamespaceInfo> ListNamespacesAsync(CancellationToken cancellationToken = default) =>
        PagesAsync(static cursor => new RequestPath("v1/namespaces").Query("cursor", cursor), WireJson.Default.PageNamespaceInfo, cancellationToken);

    /// <exception cref="SophiaApiException"><c>namespace-not-found</c>.</exception>
    public Task<Answer<NamespaceInfo>> GetNamespaceAsync(string @namespace, CancellationToken cancellationToken = default) =>
        _channel.SendAsync(ApiCall.Read(InNamespace(@namespace)), WireJson.Default.NamespaceInfo, null, cancellationToken);

    /// <summary>Makes the namespace, or changes what may change of it.</summary>
    /// <exception cref="SophiaApiException"><c>namespace-settings-fixed</c>: a setting that may not change would.</exception>
    public Task<Answer<NamespaceInfo>> PutNamespaceAsync(
        string @namespace, NamespaceSettings settings, CancellationToken cancellationToken = default) =>
        _channel.SendAsync(
            ApiCall.Write(HttpMethod.Put, InNamespace(@namespace), settings, WireJson.Default.NamespaceSettings),
            WireJson.Default.NamespaceInfo, null, cancellationToken);
}
