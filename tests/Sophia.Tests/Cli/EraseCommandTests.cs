using System.Text.Json.Nodes;
using Sophia.Tests.Client;

namespace Sophia.Tests.Cli;

public sealed class EraseCommandTests : CommandRuns
{
    [Fact]
    public async Task Forget_shows_asks_and_erases_only_after_a_yes()
    {
        foreach (var key in new[] { "a/1", "a/2", "b" }) await Run("put", key, "x", "-n", "n");

        Assert.Equal(0, (await Run("forget", "--prefix", "a/", "-n", "n", "--dry-run")).ExitCode);
        Assert.Equal(2, (await Run("forget", "--prefix", "a/", "-n", "n")).ExitCode);
        Assert.Equal(130, (await Cli.RunAsync(Service, ["forget", "--prefix", "a/", "-n", "n"], input: "n\n", inputIsTerminal: true)).ExitCode);
        Assert.Equal(3, Service.Records.Count);

        var yes = await Cli.RunAsync(Service, ["forget", "--prefix", "a/", "-n", "n"], input: "y\n", inputIsTerminal: true);
        Assert.Equal(0, yes.ExitCode);
        Assert.Contains("Would forget 2 records.", yes.Error, StringComparison.Ordinal);
        Assert.Contains("may still be held by: backups", yes.Output, StringComparison.Ordinal);
        Assert.Equal(["b"], Service.Records.Keys);

        Assert.Equal(0, (await Run("forget", "--all", "-n", "n", "--yes")).ExitCode);
        Assert.Empty(Service.Records);
        Assert.Equal(1, (await Run("forget", "b", "-n", "n", "--yes")).ExitCode);
    }

    [Fact]
    public async Task A_namespace_is_removed_only_after_it_was_shown_and_a_yes()
    {
        foreach (var key in new[] { "a", "b" }) await Run("put", key, "x", "-n", "n");

        var dry = await Run("namespace", "n", "--remove", "--dry-run", "--json");
        Assert.Equal(2, (int?)dry.Json["matched"]);
        Assert.Equal(2, (await Run("namespace", "n", "--remove")).ExitCode);
        Assert.Equal(130, (await Cli.RunAsync(Service, ["namespace", "n", "--remove"], input: "n\n", inputIsTerminal: true)).ExitCode);
        Assert.Equal(2, Service.Records.Count);

        var yes = await Cli.RunAsync(Service, ["namespace", "n", "--remove"], input: "y\n", inputIsTerminal: true);
        Assert.Equal(0, yes.ExitCode);
        Assert.Contains("Remove namespace \"n\" with its settings and 2 records for good? [y/N]", yes.Error, StringComparison.Ordinal);
        Assert.Contains("Removed namespace \"n\".", yes.Output, StringComparison.Ordinal);
        Assert.Empty(Service.Records);
        Assert.Equal(0, (await Run("namespace", "n", "--remove", "--yes")).ExitCode);
    }

    [Theory]
    [InlineData("--remove", "--language", "de")]
    [InlineData("--yes")]
    [InlineData("--dry-run")]
    public async Task A_removal_and_settings_are_not_one_command(params string[] options)
    {
        Assert.Equal(2, (await Run(["namespace", "n", .. options])).ExitCode);
        Assert.Empty(Service.Seen);
    }

    [Fact]
    public async Task Forget_names_what_did_not_confirm()
    {
        await Run("put", "b", "x", "-n", "n");
        Service.NotConfirmed =
        [
            new JsonObject { ["tier"] = "L0", ["node"] = "S10.0.0.1:1", ["shard"] = 2, ["reason"] = "It is still being loaded." },
            new JsonObject { ["tier"] = "L1", ["node"] = null, ["shard"] = null, ["reason"] = "Redis cannot be reached." },
        ];

        var output = (await Run("forget", "--all", "-n", "n", "--yes")).Output;

        Assert.Contains("  not confirmed: L0, S10.0.0.1:1, shard 2: It is still being loaded.", output, StringComparison.Ordinal);
        Assert.Contains("  not confirmed: L1: Redis cannot be reached.", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Who_asks_again_about_what_did_not_confirm_learns_from_the_exit_code_when_all_have()
    {
        await Run("put", "b", "x", "-n", "n");
        Service.NotConfirmed = [new JsonObject { ["tier"] = "L1", ["node"] = null, ["shard"] = null, ["reason"] = "Redis cannot be reached." }];

        Assert.Equal(4, (await Cli.RunAsync(Service, ["forget", "b", "-n", "n"], input: "y\n", inputIsTerminal: true)).ExitCode);
        Assert.Equal(4, (await Run("forget", "b", "-n", "n", "--yes")).ExitCode);
        Assert.Equal(4, (await Run("forget", "--all", "-n", "n", "--yes")).ExitCode);
        var preview = await Run("forget", "b", "-n", "n");
        Service.NotConfirmed = null;

        Assert.Equal(1, preview.ExitCode);
        Assert.Contains("--yes asks again", preview.Error, StringComparison.Ordinal);
        Assert.Equal(1, (await Run("forget", "b", "-n", "n", "--yes")).ExitCode);
        Assert.Equal(0, (await Run("forget", "--all", "-n", "n", "--yes")).ExitCode);
    }

    [Fact]
    public async Task A_removal_that_not_all_have_confirmed_is_told_by_the_exit_code()
    {
        await Run("put", "b", "x", "-n", "n");
        Service.NotConfirmed = [new JsonObject { ["tier"] = "L0", ["node"] = "node-2", ["shard"] = null, ["reason"] = "It has not answered in time." }];

        var removed = await Run("namespace", "n", "--remove", "--yes");

        Assert.Equal(4, removed.ExitCode);
        Assert.Contains("  not confirmed: L0, node-2: It has not answered in time.", removed.Output, StringComparison.Ordinal);
        Assert.Contains("Removed namespace \"n\".", removed.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("forget", "--all", "-n", "n", "--yes")]
    [InlineData("namespace", "n", "--remove", "--yes")]
    public async Task Who_is_sure_does_not_wait_for_what_would_go(params string[] args)
    {
        await Run("put", "k", "x", "-n", "n");
        Service.Seen.Clear();

        var erased = await Run(args);

        Assert.Equal(0, erased.ExitCode);
        Assert.Contains("Forgot 1 records.", erased.Output, StringComparison.Ordinal);
        Assert.Single(Service.Seen);
        Assert.Empty(Service.Records);
    }

    [Theory]
    [InlineData("forget", "--all", "-n", "n", "--yes")]
    [InlineData("namespace", "n", "--remove", "--yes")]
    public async Task What_nobody_was_shown_before_is_asked_for_once(params string[] args)
    {
        Service.Fault(503, "store-unavailable", retryAfter: "0");

        var refused = await Run(args);

        Assert.Equal(4, refused.ExitCode);
        Assert.Contains("(store-unavailable)", refused.Error, StringComparison.Ordinal);
        Assert.Single(Service.Seen);
    }

    [Theory]
    [InlineData("forget", "--all", "-n", "n", "--yes")]
    [InlineData("namespace", "n", "--remove", "--yes")]
    [InlineData("snowflake", "mirror", "flush")]
    public async Task What_may_take_hours_is_waited_for_longer_than_other_answers(params string[] args)
    {
        Cli.Patience = TimeSpan.FromMilliseconds(200);
        var (came, tooLate) = (new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously), new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        Service.Faults.Enqueue(async context =>
        {
            came.SetResult();
            await tooLate.Task;
            await ScriptedService.ProblemAsync(context, 403, "forbidden");
        });
        Service.Faults.Enqueue(context => tooLate.Task.WaitAsync(context.RequestAborted));

        var slow = Run(args);
        await came.Task.WaitAsync(TimeSpan.FromSeconds(30));
        // Its time ends after that of the one that was asked before it.
        var other = await Run("tiers");
        tooLate.SetResult();

        Assert.Equal(4, other.ExitCode);
        Assert.Contains("did not answer in time", other.Error, StringComparison.Ordinal);
        Assert.Contains("(forbidden)", (await slow).Error, StringComparison.Ordinal);
    }
}
