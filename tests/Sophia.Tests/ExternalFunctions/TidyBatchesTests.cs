using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Sophia.Snowflake.ExternalFunctions;

namespace Sophia.Tests.ExternalFunctions;

public sealed class TidyBatchesTests
{
    [Fact]
    public async Task Old_batches_are_looked_for_each_minute_from_when_it_is_asked_for_and_not_before()
    {
        var clock = new FakeTimeProvider();
        var store = new TrimmedBatches();
        await using var runner = new BatchRunner(store, new BatchLimits(), clock, NullLogger.Instance);

        clock.Advance(TimeSpan.FromMinutes(5));
        Assert.Equal(0, store.Trimmed);

        runner.KeepTidy();
        for (var minute = 1; minute <= 3; minute++)
        {
            clock.Advance(TimeSpan.FromMinutes(1));
            Assert.True(await store.Trims.WaitAsync(TimeSpan.FromSeconds(30)));
            Assert.Equal(minute, store.Trimmed);
        }
    }

    private sealed class TrimmedBatches : IBatchStore
    {
        private int _trimmed;

        public SemaphoreSlim Trims { get; } = new(0);

        public int Trimmed => Volatile.Read(ref _trimmed);

        public Task<int> TrimAsync(DateTimeOffset now, CancellationToken cancellationToken)
        {
            Interlocked.Increment(ref _trimmed);
            Trims.Release();
            return Task.FromResult(0);
        }

        public Task<BatchClaim> ClaimAsync(
            BatchKey key, ReadOnlyMemory<byte> request, string owner, DateTimeOffset now, DateTimeOffset leaseUntil, DateTimeOffset keepUntil, CancellationToken cancellationToken) =>
            throw new NotSupportedException();

        public Task<BatchClaim> ResumeAsync(BatchKey key, string owner, DateTimeOffset now, DateTimeOffset leaseUntil, CancellationToken cancellationToken) => throw new NotSupportedException();

        public Task<bool> RenewAsync(BatchKey key, string owner, DateTimeOffset leaseUntil, CancellationToken cancellationToken) => throw new NotSupportedException();

        public Task AnswerAsync(BatchKey key, string owner, ReadOnlyMemory<byte> answer, DateTimeOffset keepUntil, CancellationToken cancellationToken) => throw new NotSupportedException();

        public Task ReleaseAsync(BatchKey key, string owner, CancellationToken cancellationToken) => throw new NotSupportedException();
    }
}
