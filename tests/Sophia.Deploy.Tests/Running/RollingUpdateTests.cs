using System.Collections.Concurrent;
using System.Diagnostics;
using Sophia.AppHost.Tests;
using Sophia.Deploy.Tests.Harness;
using Sophia.Tests.Infrastructure;

namespace Sophia.Deploy.Tests.Running;

/// <summary>A rolling update as the Deployment does it: a new pod is ready before an old one gets no more requests and is told to stop.</summary>
[Collection(ProcessTests.Name)]
public sealed class RollingUpdateTests
{
    /// <summary>What the manifests give a pod (terminationGracePeriodSeconds) before it is killed; how long it takes is for bench/run.sh composed.</summary>
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(30);

    [SkippableFact]
    public async Task Two_services_are_replaced_one_by_one_under_load_and_no_request_fails()
    {
        Skip.IfNot(PostgresServer.Missing is null, PostgresServer.Missing);
        Skip.IfNot(RedisServer.Missing is null, RedisServer.Missing);
        using var postgres = await Database.StartAsync("postgres");
        using var redis = RedisServer.StartNew(Recording.RedisPassword);
        var environment = new Dictionary<string, string>(Recording.Read().Services["api"]);
        environment.Remove("Sophia__Cluster__Membership");
        await using var proxy = await RollingProxy.StartAsync();
        async Task<ServiceProcess> StartAsync()
        {
            var pod = ServiceProcess.Start("Sophia.Api", environment, redis.Port, postgres.Port);
            await pod.IsHealthyAsync();
            proxy.Add(pod.Http.BaseAddress!);
            return pod;
        }

        var pods = new Queue<ServiceProcess>([await StartAsync(), await StartAsync()]);
        using var stop = new CancellationTokenSource();
        var failures = new ConcurrentBag<string>();
        var answered = 0;
        var load = Enumerable.Range(0, 6).Select(worker => Task.Run(async () =>
        {
            using var http = new HttpClient { BaseAddress = proxy.Address };
            for (var i = 0; !stop.IsCancellationRequested; i++)
            {
                var key = $"/v1/namespaces/rolling/memories/{worker}-{i}";
                using var written = await http.PutAsync(new Uri(key, UriKind.Relative), new StringContent($"text {i} of {worker}"));
                using var read = await http.GetAsync(new Uri(key, UriKind.Relative));
                if (!written.IsSuccessStatusCode || !read.IsSuccessStatusCode)
                {
                    failures.Add($"{key}: {(int)written.StatusCode}, {(int)read.StatusCode} {await read.Content.ReadAsStringAsync()}");
                }

                Interlocked.Add(ref answered, 2);

                // The services that start need a part of the machine too.
                await Task.Delay(10);
            }
        })).ToList();

        for (var round = 0; round < 2; round++)
        {
            await Task.Delay(1000);
            pods.Enqueue(await StartAsync());
            await using var old = pods.Dequeue();
            await proxy.RemoveAsync(old.Http.BaseAddress!);
            var watch = Stopwatch.StartNew();
            Assert.Equal(0, await old.StopAsync());
            Assert.True(watch.Elapsed < Grace, $"The service took {watch.Elapsed.TotalSeconds:N1} s to stop.");
        }

        for (var watch = Stopwatch.StartNew(); Volatile.Read(ref answered) <= 500 && watch.Elapsed < TimeSpan.FromSeconds(60);)
        {
            await Task.Delay(50);
        }

        await stop.CancelAsync();
        await Task.WhenAll(load);
        Assert.True(failures.IsEmpty, $"{failures.Count} of {answered} failed, such as {failures.FirstOrDefault()}");
        Assert.True(answered > 500, $"Only {answered} requests were answered: no load.");
        foreach (var pod in pods)
        {
            await pod.DisposeAsync();
        }
    }
}
