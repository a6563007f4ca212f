using System.Text;
using Microsoft.Extensions.Time.Testing;

namespace Sophia.Tests.Cli;

/// <summary>Standard input that somebody types, or a program writes now and then.</summary>
public sealed class SlowInputTests : CommandRuns
{
    [Fact]
    public async Task What_came_is_sent_though_nothing_follows_and_an_interrupt_is_not_kept_waiting_by_the_input()
    {
        var clock = new FakeTimeProvider();
        Cli.Time = clock;
        await using var input = new SilentStream("not json\n{\"key\":\"a\",\"content\":\"x\"}\n");
        Cli.Input = input;
        using var stop = new CancellationTokenSource();

        var import = Cli.RunAsync(Service, ["import", "-", "-n", "docs"], cancellationToken: stop.Token);
        // Over the network it takes its time; without the clock it never comes.
        for (var i = 0; i < 3000 && Service.Records.Count == 0; i++)
        {
            clock.Advance(TimeSpan.FromSeconds(1));
            await Task.Delay(10);
        }
        Assert.Equal(["a"], Service.Records.Keys);
        await stop.CancelAsync();

        var result = await import.WaitAsync(TimeSpan.FromSeconds(30));
        Assert.Equal(130, result.ExitCode);
        Assert.Contains("1 lines were no records", result.Error, StringComparison.Ordinal);
        Assert.Contains("Not finished", result.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false, "put", "k", "-n", "n")]
    [InlineData(true, "forget", "--all", "-n", "n")]
    public async Task An_interrupt_ends_what_waits_for_input(bool isTerminal, params string[] args)
    {
        await Run("put", "k", "x", "-n", "n");
        await using var input = new SilentStream("");
        Cli.Input = input;
        using var stop = new CancellationTokenSource();

        var command = Cli.RunAsync(Service, args, inputIsTerminal: isTerminal, cancellationToken: stop.Token);
        await input.IsSilent.WaitAsync(TimeSpan.FromSeconds(30));
        await stop.CancelAsync();

        Assert.Equal(130, (await command.WaitAsync(TimeSpan.FromSeconds(30))).ExitCode);
        Assert.Single(Service.Records);
    }

    /// <summary>Gives its text, and then nothing and no end, whoever cancels, as a terminal's does.</summary>
    private sealed class SilentStream(string text) : MemoryStream(Encoding.UTF8.GetBytes(text))
    {
        private readonly TaskCompletionSource _silent = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task IsSilent => _silent.Task;

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (Position < Length) return base.ReadAsync(buffer, CancellationToken.None);
            _silent.TrySetResult();
            return new ValueTask<int>(new TaskCompletionSource<int>().Task);
        }

        public override async Task CopyToAsync(Stream destination, int bufferSize, CancellationToken cancellationToken)
        {
            var buffer = new byte[bufferSize];
            while (await ReadAsync(buffer, CancellationToken.None) is var n and > 0) await destination.WriteAsync(buffer.AsMemory(0, n), CancellationToken.None);
        }
    }
}
