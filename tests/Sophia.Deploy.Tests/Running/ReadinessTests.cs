using System.Net;
using Sophia.AppHost.Tests;
using Sophia.Deploy.Tests.Harness;
using Sophia.Tests.Infrastructure;

namespace Sophia.Deploy.Tests.Running;

/// <summary>What the API's probes see of PostgreSQL: without it no pod becomes ready, and one that is ready stays so.</summary>
[Collection(ProcessTests.Name)]
public sealed class ReadinessTests
{
    [SkippableFact]
    public async Task The_api_does_not_listen_before_it_has_read_the_log_and_goes_on_to_when_the_log_is_lost()
    {
        Skip.IfNot(PostgresServer.Missing is null, PostgresServer.Missing);
        Skip.IfNot(RedisServer.Missing is null, RedisServer.Missing);
        using var postgres = await Database.StartAsync("postgres");
        using var redis = RedisServer.StartNew(Recording.RedisPassword);
        var environment = new Dictionary<string, string>(Recording.Read().Services["api"]);
        environment.Remove("Sophia__Cluster__Membership");
        await using var api = ServiceProcess.Start("Sophia.Api", environment, redis.Port, postgres.Port);
        await api.IsHealthyAsync();

        postgres.Stop(immediate: true);

        while (await StatusAsync(api, "/health") != HttpStatusCode.ServiceUnavailable) await Task.Delay(100);
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(api, "/alive"));
        using var refused = await api.Http.PutAsync(new Uri("/v1/namespaces/n/memories/a", UriKind.Relative), new StringContent("a cat"));
        Assert.Equal(HttpStatusCode.ServiceUnavailable, refused.StatusCode);
        Assert.NotNull(refused.Headers.RetryAfter);

        await using var late = ServiceProcess.Start("Sophia.Api", environment, redis.Port, postgres.Port);
        var error = await Assert.ThrowsAsync<TimeoutException>(late.IsHealthyAsync);
        Assert.Contains("Sophia cannot start: PostgreSQL does not answer", error.Message, StringComparison.Ordinal);
    }

    private static async Task<HttpStatusCode> StatusAsync(ServiceProcess service, string path)
    {
        using var answer = await service.Http.GetAsync(new Uri(path, UriKind.Relative));
        return answer.StatusCode;
    }
}
