using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Aspire.Hosting;

/// <summary>
/// Healthy when something answers at Snowflake's address. It does not log in: that needs a driver, and an account that
/// refuses its user says so in the service's own start.
/// </summary>
/// <param name="clients">Makes the client of each probe.</param>
/// <param name="address">Null until the connection string is known.</param>
internal sealed class SnowflakeHealthCheck(IHttpClientFactory clients, Func<Uri?> address) : IHealthCheck
{
    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        if (address() is not { } target)
        {
            return HealthCheckResult.Unhealthy("The connection string is not known yet.");
        }

        try
        {
            using var client = clients.CreateClient();
            using var answer = await client.GetAsync(target, HttpCompletionOption.ResponseHeadersRead, cancellationToken).ConfigureAwait(false);
            return (int)answer.StatusCode < 500
                ? HealthCheckResult.Healthy($"{target} answers.")
                : HealthCheckResult.Unhealthy($"{target} answered {(int)answer.StatusCode}.");
        }
        catch (HttpRequestException error)
        {
            return HealthCheckResult.Unhealthy($"{target} cannot be reached: {error.Message}", error);
        }
    }
}
