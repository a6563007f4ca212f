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
            await directory.ConfigureAsync("acme", "notes", settings with { Resident = true }, default);
        };

        await directory.FindAsync("acme", "notes", default);

        Assert.True((await directory.FindAsync("acme", "notes", default))!.Settings.Resident);
    }
}
