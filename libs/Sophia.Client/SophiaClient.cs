using System.Runtime.CompilerServices;
using System.Text.Json.Serialization.Metadata;

namespace Sophia.Client;

/// <summary>
/// The HTTP API, typed. Thread-safe. Every method throws <see cref="SophiaApiException"/> when the service answers with
/// an error and <see cref="HttpRequestException"/> when it cannot be reached. Writes carry an idempotency key of their
/// own, so a call that is sent again after 429 or 503 happens once.
/// </summary>
public sealed partial class SophiaClient
{
    private readonly ApiChannel _channel;

    /// <param name="http">Owned by the caller. Its own base address and default headers are left as they are.</param>
    /// <exception cref="ArgumentException">The base address is not absolute http or https.</exception>
    public SophiaClient(HttpClient http, SophiaClientOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(http);
        _channel = new ApiChannel(http, options ?? new SophiaClientOptions());
    }

    private static RequestPath InNamespace(string @namespace) =>
        new RequestPath("v1/namespaces").Segment(@namespace, nameof(@namespace));

    private static RequestPath MemoryPath(string @namespace, string key) =>
        InNamespace(@namespace).Literal("memories").Segment(key, nameof(key));

    /// <summary>Follows <c>next</c> until there is none.</summary>
    private async IAsyncEnumerable<T> PagesAsync<T>(
        Func<string?, RequestPath> pathAt, JsonTypeInfo<Page<T>> type, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        string? cursor = null;
        do
        {
            var page = await _channel.SendAsync(ApiCall.Read(pathAt(cursor)), type, null, cancellationToken).ConfigureAwait(false);
            foreach (var item in page.Value.Items) yield return item;
            cursor = page.Value.Next;
        }
        while (cursor is not null);
    }
}
