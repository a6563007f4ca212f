using System.Net;
using System.Text.Json;

namespace Sophia.Client;

public sealed partial class SophiaClient
{
    /// <summary>Each tier, its engine, its state and its counts.</summary>
    public Task<Answer<TierReport>> GetTiersAsync(CancellationToken cancellationToken = default) =>
        _channel.SendAsync(ApiCall.Read(new RequestPath("v1/tiers")), WireJson.Default.TierReport, null, cancellationToken);

    /// <summary>Whether the service is ready. Not ready is an answer here, not an error.</summary>
    public async Task<HealthReport> GetHealthAsync(CancellationToken cancellationToken = default)
    {
        using var response = await _channel.ExchangeOnceAsync(ApiCall.Read(new RequestPath("health")), cancellationToken).ConfigureAwait(false);
        if (response.StatusCode != HttpStatusCode.ServiceUnavailable)
            await _channel.ThrowIfErrorAsync(response, cancellationToken).ConfigureAwait(false);
        var body = await response.Content.ReadAsByteArrayAsync(cancellationToken).ConfigureAwait(false);
        var isJson = response.Content.Headers.ContentType?.MediaType?.EndsWith("json", StringComparison.OrdinalIgnoreCase) == true;
        return new HealthReport(response.IsSuccessStatusCode, isJson ? JsonElement.Parse(body) : default);
    }
}
