using Sophia.Memory.Log;
using Sophia.Memory.Models;
using Sophia.Memory.Namespaces;
using Sophia.Memory.Stores;

namespace Sophia.Tests.Stores;

public abstract partial class RecordStoreContract
{
    private static readonly float[] OfA = [1, 2, 3];
    private static readonly float[] OfB = [0.1f, 0.2f];

    private static Task<NamespaceInfo> ModelledAsync(StoreUnderTest s) => s.Store.EnsureNamespaceAsync(
        "t", "modelled", new NamespaceSettings { VectorModel = "a", Dimensions = 3 }, default);

    private static async Task<Sequence> PutOfAAsync(StoreUnderTest s, NamespaceInfo ns, string key, string text = "text") =>
        (await s.PutAsync(ns, StoreUnderTest.Draft(key, text) with { Vector = OfA, VectorModel = "a" })).Sequence;

    private static ModelChange NewChange(NamespaceInfo ns) => new()
    {
        NamespaceId = ns.Id, Revision = 1, Phase = ModelChangePhase.Making, From = "a", FromDimensions = 3, To = "b", ToDimensions = 2,
    };

    [SkippableFact]
    public async Task Vectors_of_a_second_model_stand_beside_the_first()
    {
        await using var s = await OpenAsync();
        var ns = await ModelledAsync(s);
        var (one, two) = (await PutOfAAsync(s, ns, "one"), await PutOfAAsync(s, ns, "two"));

        await s.Store.PutVectorsAsync(ns, "b", [new(one, OfB), new(two, null), new(Sequence.Of(ns.Partition, 999), OfB)], default);
        await s.Store.PutVectorsAsync(ns, "b", [new(one, OfB)], default);

        var b = await s.Store.ReadVectorsAsync(ns, "b", [one, two, Sequence.Of(ns.Partition, 999)], default);
        Assert.Equal([one, two], b.Keys.OrderBy(k => k.Value));
        Assert.Equal(OfB, b[one]);
        Assert.Null(b[two]);
        Assert.Equal(OfA, (await s.Store.ReadVectorsAsync(ns, "a", [one], default))[one]);
        Assert.Equal(OfA, (await s.Store.GetAsync(ns, "one", default))!.Vector);
    }

    [SkippableFact]
    public async Task A_forget_takes_the_vectors_of_both_models_and_none_can_be_put_after_it()
    {
        await using var s = await OpenAsync();
        var ns = await ModelledAsync(s);
        var (first, second) = (await PutOfAAsync(s, ns, "k", "1"), await PutOfAAsync(s, ns, "k", "2"));
        var other = await PutOfAAsync(s, ns, "other");
        await s.Store.PutVectorsAsync(ns, "b", [new(first, OfB), new(second, OfB), new(other, OfB)], default);

        await s.ForgetAsync(ns, "k");
        await s.Store.PutVectorsAsync(ns, "b", [new(second, OfB)], default);

        Assert.Equal([other], (await s.Store.ReadVectorsAsync(ns, "b", [first, second, other], default)).Keys);
    }

    [SkippableFact]
    public async Task Settling_moves_a_model_s_vectors_into_the_contents_and_drops_the_others()
    {
        await using var s = await OpenAsync();
        var ns = await ModelledAsync(s);
        var old = await PutOfAAsync(s, ns, "k0", "old");
        var current = new List<Sequence>();
        for (var i = 0; i < 7; i++)
        {
            current.Add(await PutOfAAsync(s, ns, $"k{i}", $"text {i}"));
        }

        await s.Store.PutVectorsAsync(ns, "b", [.. current.Select((v, i) => new VersionVector(v, i == 6 ? null : OfB))], default);
        var after = Sequence.None;
        var steps = 0;
        do
        {
            after = await s.Store.SettleVectorsAsync(ns, "b", after, 3, default);
            steps++;
        }
        while (!after.IsNone);

        Assert.True(steps > 2);
        for (var i = 0; i < 6; i++)
        {
            var record = await s.Store.GetAsync(ns, $"k{i}", default);
            Assert.Equal(("b", OfB[1]), (record!.VectorModel, record.Vector![1]));
        }

        Assert.Equal(("b", null), ((await s.Store.GetAsync(ns, "k6", default)) is { } none ? (none.VectorModel, none.Vector) : default));
        Assert.All((await s.Store.ReadVectorsAsync(ns, "a", [old, .. current], default)).Values, Assert.Null);
        Assert.DoesNotContain(await s.LogAsync(ns), entry => entry.Record?.Vector is { Length: 3 });
    }

    [SkippableFact]
    public async Task A_change_moves_by_revision_and_the_cut_over_is_in_the_namespace_at_once()
    {
        await using var s = await OpenAsync();
        var ns = await ModelledAsync(s);
        var change = NewChange(ns);
        Assert.NotNull(await s.Store.SaveModelChangeAsync(change, default));
        Assert.Null(await s.Store.SaveModelChangeAsync(change, default));
        Assert.Equal(change, Assert.Single(await s.Store.ListModelChangesAsync(default)));

        var cut = change.Next(ModelChangePhase.Cut, Start) with { IsCut = true, Recall = new ModelRecall(10, 0.5, 0.75, null) };
        Assert.Equal(("b", 2), (await s.Store.SaveModelChangeAsync(cut, default)) is { } then ? (then.Settings.VectorModel, then.Settings.Dimensions) : default);
        Assert.Null(await s.Store.SaveModelChangeAsync(change.Next(ModelChangePhase.Held, Start), default));
        Assert.Equal("b", (await s.Store.FindNamespaceAsync(ns.Id, default))!.Settings.VectorModel);
        Assert.Equal(cut, await s.Store.FindModelChangeAsync(ns.Id, default));

        Assert.NotNull(await s.Store.SaveModelChangeAsync(cut.Next(ModelChangePhase.Undone, Start) with { IsCut = false }, default));
        Assert.Equal(("a", 3), (await s.Store.FindNamespaceAsync(ns.Id, default)) is { } back ? (back.Settings.VectorModel, back.Settings.Dimensions) : default);
        Assert.Empty(await s.Store.ListModelChangesAsync(default));
    }

    [SkippableFact]
    public async Task One_owner_at_a_time_works_on_a_change()
    {
        await using var s = await OpenAsync();
        var ns = await ModelledAsync(s);
        await s.Store.SaveModelChangeAsync(NewChange(ns), default);

        Assert.True(await s.Store.LeaseModelChangeAsync(ns.Id, "one", Start, Start.AddSeconds(15), default));
        Assert.False(await s.Store.LeaseModelChangeAsync(ns.Id, "two", Start.AddSeconds(10), Start.AddSeconds(25), default));
        Assert.True(await s.Store.LeaseModelChangeAsync(ns.Id, "one", Start.AddSeconds(10), Start.AddSeconds(25), default));
        Assert.True(await s.Store.LeaseModelChangeAsync(ns.Id, "two", Start.AddSeconds(26), Start.AddSeconds(40), default));
    }
}
