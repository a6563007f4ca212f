using Sophia.Gpu.Grains.Nodes;

namespace Sophia.GpuTier.Tests.Nodes;

public sealed class SharedReadingTests
{
    [Fact]
    public async Task Who_asks_while_a_driver_hangs_waits_for_the_same_reading_and_who_asks_afterwards_gets_a_new_one()
    {
        using var answers = new ManualResetEventSlim();
        var begun = 0;
        var reading = new SharedReading<int>(() =>
        {
            var number = Interlocked.Increment(ref begun);
            answers.Wait();
            return number;
        });

        var asked = Enumerable.Range(0, 50).Select(_ => reading.ReadAsync()).ToArray();
        answers.Set();

        Assert.All(await Task.WhenAll(asked), static number => Assert.Equal(1, number));
        Assert.Equal(2, await reading.ReadAsync());
    }

    [Fact]
    public async Task A_reading_that_failed_is_made_again()
    {
        var fails = true;
        var reading = new SharedReading<int>(() => fails ? throw new InvalidOperationException("The driver refuses in this test.") : 1);
        await Assert.ThrowsAsync<InvalidOperationException>(reading.ReadAsync);
        fails = false;

        Assert.Equal(1, await reading.ReadAsync());
    }
}
