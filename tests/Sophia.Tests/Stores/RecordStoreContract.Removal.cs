using Sophia.Memory.Log;
using Sophia.Memory.Models;
using Sophia.Memory.Namespaces;
using Sophia.Memory.Stores;

namespace Sophia.Tests.Stores;

public abstract partial class RecordStoreContract
{
    private static readonly NamespaceSettings Late = new() { VectorSource = VectorSource.None, Resident = true };

    private static NamespaceSettings ToLate(NamespaceSettings before)
    {
        Assert.NotEqual(Late, before);
        return Late;
    }

    [SkippableFact]
    public async Task A_namespace_that_is_removed_is_neither_found_nor_listed_and_its_numbers_go_on_when_it_is_made_anew()
    {
        await using var s = await OpenAsync();
        var (ns, other, foreign) = (await s.NamespaceAsync("n"), await s.NamespaceAsync("m"), await s.NamespaceAsync("n", "u"));
        await s.PutAsync(ns, "k", "one");
        var last = (await s.ForgetAsync(ns, "k")).Sequence;
        await s.Store.UpdateNamespaceAsync(ns, static settings => settings with { Language = "de" }, default);

        Assert.True(await s.Store.RemoveNamespaceAsync(ns, ToLate, default));

        Assert.Null(await s.Store.FindNamespaceAsync("t", "n", default));
        Assert.Null(await s.Store.FindNamespaceAsync(ns.Id, default));
        Assert.Equal(["m"], (await s.Store.ListNamespacesAsync("t", null, 10, default)).Select(n => n.Name));
        Assert.Equal([ns.Id, other.Id, foreign.Id], (await s.Store.ListNamespacesAsync(0, 10, default)).Select(n => n.Id).Order());
        Assert.Equal(foreign, await s.Store.FindNamespaceAsync("u", "n", default));
        Assert.Equal(other, await s.Store.FindNamespaceAsync("t", "m", default));

        s.Clock.Advance(TimeSpan.FromSeconds(1));
        var anew = await s.Store.EnsureNamespaceAsync("t", "n", new NamespaceSettings { VectorSource = VectorSource.Caller, Dimensions = 2 }, default);
        var put = await s.PutAsync(anew, "k", "again");

        Assert.Equal(ns with { Settings = new NamespaceSettings { VectorSource = VectorSource.Caller, Dimensions = 2 }, CreatedAt = Start.AddSeconds(1) }, anew);
        Assert.Equal(anew, await s.Store.FindNamespaceAsync("t", "n", default));
        Assert.Equal(["m", "n"], (await s.Store.ListNamespacesAsync("t", null, 10, default)).Select(n => n.Name));
        Assert.Equal((1, true), (put.Version, put.Sequence.Number > last.Number));
    }

    [SkippableFact]
    public async Task A_namespace_is_not_removed_before_its_last_record_is_forgotten_also_one_that_was_deleted_or_expired()
    {
        await using var s = await OpenAsync();
        var ns = await s.NamespaceAsync();
        await s.PutAsync(ns, "k", "one");
        await s.PutAsync(ns, StoreUnderTest.Draft("brief", "two") with { ExpiresAt = Start.AddSeconds(1) });
        Assert.False(await s.Store.RemoveNamespaceAsync(ns, ToLate, default));
        await s.DeleteAsync(ns, "k");
        Assert.False(await s.Store.RemoveNamespaceAsync(ns, ToLate, default));
        await s.ForgetAsync(ns, "k");
        s.Clock.Advance(TimeSpan.FromSeconds(1));
        await s.CommitAsync([.. await s.Store.FindExpiredAsync(s.Clock.GetUtcNow(), 10, default)]);
        Assert.False(await s.Store.RemoveNamespaceAsync(ns, ToLate, default));
        Assert.Equal(ns, await s.Store.FindNamespaceAsync("t", "notes", default));

        await s.ForgetAsync(ns, "brief");
        Assert.True(await s.Store.RemoveNamespaceAsync(ns, ToLate, default));
    }

    [SkippableFact]
    public async Task What_is_written_to_a_removed_namespace_by_who_knew_it_makes_it_be_there_again()
    {
        await using var s = await OpenAsync();
        var ns = await s.NamespaceAsync();
        await s.Store.RemoveNamespaceAsync(ns, ToLate, default);

        await s.PutAsync(ns, "k", "late");

        var again = await s.Store.FindNamespaceAsync("t", "notes", default);
        Assert.Equal(ns with { Settings = Late }, again);
        Assert.Equal(again, await s.Store.FindNamespaceAsync(ns.Id, default));
        Assert.Equal(again, Assert.Single(await s.Store.ListNamespacesAsync("t", null, 10, default)));
        await s.Store.UpdateNamespaceAsync(again!, static settings => settings with { Language = "fr" }, default);
        await s.ForgetAsync(ns, "k");
        Assert.Equal("fr", (await s.Store.FindNamespaceAsync("t", "notes", default))!.Settings.Language);
    }

    [SkippableFact]
    public async Task A_namespace_whose_model_is_being_changed_is_not_removed_and_a_change_that_is_closed_goes_with_it()
    {
        await using var s = await OpenAsync();
        var ns = await ModelledAsync(s);
        await s.Store.SaveModelChangeAsync(NewChange(ns), default);
        Assert.False(await s.Store.RemoveNamespaceAsync(ns, ToLate, default));

        await s.Store.SaveModelChangeAsync(NewChange(ns).Next(ModelChangePhase.Undone, Start), default);
        Assert.True(await s.Store.RemoveNamespaceAsync(ns, ToLate, default));

        Assert.Null(await s.Store.FindModelChangeAsync(ns.Id, default));
        Assert.Null(await s.Store.SaveModelChangeAsync(NewChange(ns), default));
        Assert.Empty(await s.Store.ListModelChangesAsync(default));
    }

    [SkippableFact]
    public async Task Of_writes_and_a_removal_at_the_same_time_no_write_is_lost()
    {
        await using var s = await OpenAsync();
        for (var round = 0; round < 10; round++)
        {
            var ns = await s.NamespaceAsync($"n{round}");
            var put = s.PutAsync(ns, "k", "x");
            var removed = s.Store.RemoveNamespaceAsync(ns, ToLate, default);
            await Task.WhenAll(put, removed);

            Assert.Equal("x", await s.TextAsync(ns, "k"));
            Assert.NotNull(await s.Store.FindNamespaceAsync("t", ns.Name, default));
        }
    }
}
