using Sophia.Memory.Hierarchy;
using Sophia.Memory.Namespaces;

namespace Sophia.Snowflake.Tests.Mirror;

/// <summary>What may not leave the process, and what becomes so.</summary>
public partial class MirrorTests
{
    [Fact]
    public async Task Nothing_of_a_resident_namespace_leaves_the_process()
    {
        const string Canary = "zxcanary41";
        var home = await Memory.ConfigureNamespaceAsync("acme", "home", Memory.DefaultSettings with { Resident = true }, CancellationToken.None);
        await PutAsync(home, Draft($"key-{Canary}", $"text {Canary}") with { Tags = [Canary] });
        await Memory.ForgetAsync(home, new ForgetRequest { Keys = [$"key-{Canary}"] }, new Trail(), CancellationToken.None);
        await PutAsync(home, Draft($"key-{Canary}", $"text {Canary}"));
        await _running.PutAsync("open", "this may go");

        await FlushAsync();

        Assert.Contains(_lake.Wire, text => text.Contains("this may go", StringComparison.Ordinal));
        Assert.DoesNotContain(_lake.Wire, text => text.Contains(Canary, StringComparison.Ordinal));
        Assert.Equal(1, await CountAsync());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_namespace_that_becomes_resident_is_taken_out_during_a_pause_too(bool isPaused)
    {
        await _running.PutAsync("a", "one");
        await FlushAsync();
        Assert.Equal(0, _mirror.Waiting);
        if (isPaused)
        {
            await _mirror.PauseAsync(true, CancellationToken.None);
        }

        await BecomeResidentAsync();

        Assert.Equal(1, _mirror.Waiting);
        await FlushAsync();
        Assert.Equal(0, await CountAsync());
        Assert.Equal(0, _mirror.Waiting);
    }

    [Fact]
    public async Task A_namespace_that_becomes_resident_after_its_cursor_was_set_back_is_taken_out()
    {
        await _running.PutAsync("a", "one");
        await FlushAsync();
        await _mirror.ResetAsync(CancellationToken.None);

        await BecomeResidentAsync();
        await FlushAsync();

        Assert.Equal(0, await CountAsync());
    }

    [Fact]
    public async Task A_namespace_that_becomes_resident_while_another_is_taken_out_is_work_for_the_next_flush()
    {
        var home = await Memory.NamespaceForWriteAsync("acme", "home", 0, CancellationToken.None);
        await PutAsync(home, Draft("h", "one"));
        await _running.PutAsync("a", "one");
        await FlushAsync();
        await BecomeResidentAsync();
        _lake.OnStatement = async (_, _) =>
        {
            _lake.OnStatement = null;
            await Memory.ConfigureNamespaceAsync("acme", "home", home.Settings with { Resident = true }, CancellationToken.None);
        };

        await FlushAsync();

        Assert.Equal(1, _mirror.Waiting);
        await FlushAsync();
        Assert.Equal((0L, 0L), (_mirror.Waiting, await CountAsync()));
    }

    [Fact]
    public async Task A_forget_in_a_namespace_that_has_just_become_resident_reaches_what_was_mirrored_of_it()
    {
        await _running.PutAsync("a", "one secret");
        await _running.PutAsync("b", "another");
        await FlushAsync();
        var resident = await BecomeResidentAsync();

        var proof = await Memory.ForgetAsync(resident, new ForgetRequest { Keys = ["a"] }, new Trail(), CancellationToken.None);

        Assert.Equal((1L, 0L), (proof.Archived, await CountAsync("content like '%secret%'")));
        await FlushAsync();
        var statements = _lake.Wire.Count;
        await Memory.ForgetAsync(resident, new ForgetRequest { Keys = ["b"] }, new Trail(), CancellationToken.None);
        Assert.Equal(statements, _lake.Wire.Count);
    }

    private Task<NamespaceInfo> BecomeResidentAsync() =>
        Memory.ConfigureNamespaceAsync("acme", "notes", _running.Notes.Settings with { Resident = true }, CancellationToken.None);
}
