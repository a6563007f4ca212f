using Sophia.Memory.Namespaces;
using Sophia.Memory.Stores;
using Sophia.Stores.Sqlite;
using Sophia.Tests.Infrastructure;
using Sophia.Tests.Stores;

namespace Sophia.Tests.Hierarchy;

public sealed class NamespaceDirectoryTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("sophia-namespaces").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public async Task A_look_up_that_comes_back_late_does_not_undo_a_setting_that_was_changed_meanwhile()
    {
        var clock = StoreUnderTest.NewClock();
        await using var store = SqliteRecordStore.Create(_directory, clock);
        await store.OpenAsync(default);
        var settings = new NamespaceSettings { VectorSource = VectorSource.None };
        await store.EnsureNamespaceAsync("acme", "notes", settings, default);
        var slow = new DelegatingStore(store);
        var directory = new NamespaceDirectory(slow, clock);
        slow.AfterFindNamespace = async () =>
        {
            slow.AfterFindNamespace = null;
            await directory.ConfigureAsync("acme", "notes", _ => settings with { Resident = true }, default);
        };

        await directory.FindAsync("acme", "notes", default);

        Assert.True((await directory.FindAsync("acme", "notes", default))!.Settings.Resident);
    }

    [Fact]
    public async Task A_change_that_the_store_has_is_known_here_before_it_is_acknowledged()
    {
        await using var slow = await OpenAsync();
        var directory = new NamespaceDirectory(slow, StoreUnderTest.NewClock());
        Assert.NotNull(await directory.FindAsync("acme", "notes", default));
        NamespaceInfo? meanwhile = null;
        slow.AfterUpdateNamespace = async () => meanwhile = await directory.FindAsync("acme", "notes", default);

        await directory.ConfigureAsync("acme", "notes", static current => current! with { Language = "de" }, default);

        Assert.Equal("de", meanwhile!.Settings.Language);
    }

    [Fact]
    public async Task A_look_up_from_before_a_change_whose_answer_was_lost_is_not_kept()
    {
        await using var slow = await OpenAsync();
        var directory = new NamespaceDirectory(slow, StoreUnderTest.NewClock());
        Assert.NotNull(await directory.FindAsync("acme", "notes", default));
        var (looked, go) = (new TaskCompletionSource(), new TaskCompletionSource());
        var late = Task.CompletedTask;
        var asked = 0;
        slow.AfterUpdateNamespace = () => throw new StoreUnavailableException("The test has lost the answer.");

        await Assert.ThrowsAsync<StoreUnavailableException>(() => directory.ConfigureAsync("acme", "notes", current =>
        {
            if (++asked == 2)
            {
                slow.AfterFindNamespace = () =>
                {
                    slow.AfterFindNamespace = null;
                    looked.SetResult();
                    return go.Task;
                };
                late = Task.Run(() => directory.FindAsync("acme", "notes", default).AsTask());
                looked.Task.Wait(TimeSpan.FromSeconds(30));
            }

            return current! with { Language = "de" };
        }, default));
        go.SetResult();
        await late;

        Assert.Equal("de", (await directory.FindAsync("acme", "notes", default))!.Settings.Language);
    }

    [Fact]
    public async Task A_namespace_is_known_through_an_outage_that_began_with_a_change_of_it()
    {
        await using var slow = await OpenAsync();
        var directory = new NamespaceDirectory(slow, StoreUnderTest.NewClock());
        Assert.NotNull(await directory.FindAsync("acme", "notes", default));
        slow.AfterUpdateNamespace = () =>
        {
            slow.IsDown = true;
            throw new StoreUnavailableException("The test has taken the store away.");
        };

        await Assert.ThrowsAsync<StoreUnavailableException>(() => directory.ConfigureAsync("acme", "notes", static current => current! with { Language = "de" }, default));

        Assert.NotNull(await directory.FindAsync("acme", "notes", default));
        slow.IsDown = false;
        Assert.Equal("de", (await directory.FindAsync("acme", "notes", default))!.Settings.Language);
    }

    [Fact]
    public async Task Who_changes_one_setting_keeps_what_another_process_changed_that_is_not_known_here_yet()
    {
        await using var nodes = await TwoNodes.StartAsync();
        await nodes.A.Memory.ConfigureNamespaceAsync("acme", "notes", static current => current! with { Resident = true }, default);
        var known = await nodes.B.Memory.FindNamespaceAsync("acme", "notes", default);

        var changed = await nodes.B.Memory.ConfigureNamespaceAsync("acme", "notes", static current => current! with { Language = "de" }, default);

        Assert.False(known!.Settings.Resident);
        Assert.Equal((true, "de"), (changed.Settings.Resident, changed.Settings.Language));
        Assert.Equal(changed, await nodes.B.Memory.FindNamespaceAsync("acme", "notes", default));
    }

    [Fact]
    public async Task Of_two_changes_at_the_same_time_the_later_one_stays_whichever_is_answered_last()
    {
        await using var slow = await OpenAsync();
        var directory = new NamespaceDirectory(slow, StoreUnderTest.NewClock());
        Assert.NotNull(await directory.FindAsync("acme", "notes", default));
        slow.AfterUpdateNamespace = async () =>
        {
            slow.AfterUpdateNamespace = null;
            await directory.ConfigureAsync("acme", "notes", static current => current! with { Resident = true }, default);
        };

        await directory.ConfigureAsync("acme", "notes", static current => current! with { Language = "de" }, default);

        var settings = (await directory.FindAsync("acme", "notes", default))!.Settings;
        Assert.Equal((true, "de"), (settings.Resident, settings.Language));
    }

    /// <summary>A store with the namespace.</summary>
    private async Task<DelegatingStore> OpenAsync()
    {
        var store = new DelegatingStore(SqliteRecordStore.Create(_directory, StoreUnderTest.NewClock()));
        await store.OpenAsync(default);
        await store.EnsureNamespaceAsync("acme", "notes", new NamespaceSettings { VectorSource = VectorSource.None }, default);
        return store;
    }
}
