using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Sophia.Snowflake.ExternalFunctions;
using Sophia.Snowflake.Serving.Functions;

namespace Sophia.Tests.ExternalFunctions;

public sealed class StoppingTests
{
    [Fact]
    public async Task Batches_in_work_have_ended_when_the_hosted_services_have_however_short_the_time_and_nothing_that_they_ask_is_gone_yet()
    {
        var services = new ServiceCollection().AddLogging().AddSingleton(TimeProvider.System);
        services.AddExternalFunctions(
            new ExternalFunctionOptions { Integrations = [new IntegrationOptions { Name = "gateway", Tenant = "red", SecretHash = "sha256:" + new string('0', 64) }] }, static _ => null, static _ => null);
        await using var provider = services.BuildServiceProvider();
        var hosted = provider.GetServices<IHostedService>().Single();
        await hosted.StartAsync(CancellationToken.None);
        var runner = provider.GetRequiredService<BatchRunner>();
        var begun = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var call = runner.AskAsync(new("red", "gateway", "f", "batch"), "rows"u8.ToArray(), 1, async (_, stop) =>
        {
            begun.SetResult();
            await Task.Delay(Timeout.Infinite, stop);
            return [];
        }, CancellationToken.None);
        await begun.Task;

        await hosted.StopAsync(new CancellationToken(canceled: true));

        Assert.Equal(0, runner.RowsInWork);
        Assert.Equal("stopping", (await Assert.ThrowsAsync<BatchRefusedException>(() => call)).Code);
    }
}
