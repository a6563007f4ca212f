using Sophia.Memory.Namespaces;
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
        var clock = StoreUnderTest.NewClock();
        await using var store = SqliteRecordStore.Create(_directory, clock);
        await store.OpenAsync(default);
        var slow = new DelegatingStore(store);
        var directory = new NamespaceDirectory(slow, clock);
        await directory.EnsureAsync("acme", "notes", new NamespaceSettings { VectorSource = VectorSource.None }, default);
        NamespaceInfo? meanwhile = null;
        slow.AfterUpdateNamespace = async () => meanwhile = await directory.FindAsync("acme", "notes", default);

        await directory.ConfigureAsync("acme", "notes", static current => current! with { Language = "de" }, default);

        Assert.Equal("de", meanwhile!.Settings.Language);
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
        var clock = StoreUnderTest.NewClock();
        await using var store = SqliteRecordStore.Create(_directory, clock);
        await store.OpenAsync(default);
        var slow = new DelegatingStore(store);
        var directory = new NamespaceDirectory(slow, clock);
        await directory.EnsureAsync("acme", "notes", new NamespaceSettings { VectorSource = VectorSource.None }, default);
        slow.AfterUpdateNamespace = async () =>
        {
            slow.AfterUpdateNamespace = null;
            await directory.ConfigureAsync("acme", "notes", static current => current! with { Resident = true }, default);
        };

        await directory.ConfigureAsync("acme", "notes", static current => current! with { Language = "de" }, default);

        var settings = (await directory.FindAsync("acme", "notes", default))!.Settings;
        Assert.Equal((true, "de"), (settings.Resident, settings.Language));
    }
}
