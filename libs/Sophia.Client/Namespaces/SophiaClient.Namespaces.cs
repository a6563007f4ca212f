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

    /// <summary>
    /// Removes the namespace whole: its records with all their versions, in every tier, then its settings and its name. The name can be
    /// used again at once. Needs the rights write and admin.
    /// </summary>
    /// <param name="dryRun">Only say what would go.</param>
    /// <exception cref="SophiaApiException">
    /// <c>namespace-not-found</c>, also where an earlier attempt has removed it. <c>model-change-open</c>: its model is being changed, and
    /// nothing went. <c>namespace-in-use</c>: others wrote to it the whole time; what was there is erased.
    /// </exception>
    public Task<Answer<ForgetReport>> RemoveNamespaceAsync(string @namespace, bool dryRun = false, CancellationToken cancellationToken = default) =>
        _channel.SendAsync(
            ApiCall.Write(HttpMethod.Delete, InNamespace(@namespace).Query("dryRun", dryRun ? "true" : null)),
            WireJson.Default.ForgetReport, static report => report.Sequence, cancellationToken);
}
