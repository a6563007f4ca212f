using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;
using Sophia.Gpu.Grains;
using Sophia.Memory.Stores;

namespace Sophia.GpuTier.Tests.Nodes;

/// <summary>What the log has of a service that reaches no node.</summary>
public sealed class ReasonsTests
{
    [Fact]
    public async Task A_cause_that_changes_is_logged_and_one_that_stays_is_logged_once()
    {
        var clock = new FakeTimeProvider();
        using var loggers = new Kept();
        var (reason, tries) = ("The name db is not known.", 0);
        await using var cluster = new ShardCluster(new ClusterSettings { Membership = "postgres" }, "Host=127.0.0.1", _ => Prepare(), clock, loggers);
        await cluster.StartAsync(default);
        await TryAsync(20);
        Assert.Equal(1, loggers.Messages.Count(static message => message.Contains("The name db is not known.", StringComparison.Ordinal)));

        reason = "The password is refused.";
        await TryAsync(20);

        Assert.Equal(1, loggers.Messages.Count(static message => message.Contains("The password is refused.", StringComparison.Ordinal)));

        Task Prepare()
        {
            Interlocked.Increment(ref tries);
            throw new StoreUnavailableException(reason);
        }

        async Task TryAsync(int more)
        {
            for (var wanted = tries + more; Volatile.Read(ref tries) < wanted; await Task.Delay(1))
            {
                clock.Advance(TimeSpan.FromSeconds(1));
            }
        }
    }

    private sealed class Kept : ILoggerFactory, ILogger
    {
        public ConcurrentQueue<string> Messages { get; } = [];

        public ILogger CreateLogger(string categoryName) => this;

        public void AddProvider(ILoggerProvider provider)
        {
        }

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) => Messages.Enqueue(formatter(state, exception));

        public void Dispose()
        {
        }
    }
}
