using System.Text;
using Microsoft.Extensions.Time.Testing;
using Sophia.Memory.Log;
using Sophia.Memory.Namespaces;
using Sophia.Memory.Records;
using Sophia.Memory.Stores;

namespace Sophia.Tests.Stores;

/// <summary>An open store with a clock that stands still, and short words for its operations.</summary>
internal sealed class StoreUnderTest(IRecordStore store, FakeTimeProvider clock) : IAsyncDisposable
{
    public IRecordStore Store => store;

    public FakeTimeProvider Clock => clock;

    public static FakeTimeProvider NewClock() => new(new DateTimeOffset(2026, 1, 2, 3, 4, 5, 678, TimeSpan.Zero));

    public Task<NamespaceInfo> NamespaceAsync(string name = "notes", string tenant = "t") =>
        store.EnsureNamespaceAsync(tenant, name, new NamespaceSettings { VectorSource = VectorSource.Caller, Dimensions = 3 }, default);

    public RecordId IdOf(NamespaceInfo ns, string key) => RecordId.Of(store.Secret.Span, ns.Id, key);

    public static RecordDraft Draft(string key, string? content) =>
        new() { Key = key, Content = content is null ? null : (ReadOnlyMemory<byte>?)Encoding.UTF8.GetBytes(content) };

    public PutOperation PutOf(NamespaceInfo ns, RecordDraft draft, Precondition precondition = default) =>
        new(ns, draft, IdOf(ns, draft.Key), precondition);

    public Task<Receipt> PutAsync(NamespaceInfo ns, string key, string content, Precondition precondition = default) =>
        PutAsync(ns, Draft(key, content), precondition);

    public Task<Receipt> PutAsync(NamespaceInfo ns, RecordDraft draft, Precondition precondition = default) =>
        OneAsync(PutOf(ns, draft, precondition));

    public Task<Receipt> DeleteAsync(NamespaceInfo ns, string key, Precondition precondition = default) =>
        OneAsync(new DeleteOperation(ns, key, IdOf(ns, key), precondition));

    public Task<Receipt> ForgetAsync(NamespaceInfo ns, string key) => OneAsync(new ForgetOperation(ns, key, IdOf(ns, key)));

    public async Task<Receipt> OneAsync(WriteOperation operation) => (await CommitAsync(operation)).Receipts[0];

    public async Task<WriteOutcome> CommitAsync(params WriteOperation[] operations) =>
        (await store.CommitAsync([new WriteGroup(operations)], default))[0];

    public async Task<string?> TextAsync(NamespaceInfo ns, string key) =>
        await store.GetAsync(ns, key, default) is { } record ? Encoding.UTF8.GetString(record.Content.Span) : null;

    public async Task<List<LogEntry>> LogAsync(NamespaceInfo ns) =>
        [.. await store.ReadLogAsync(ns.Partition, 0, 10_000, ns.Id, default)];

    public ValueTask DisposeAsync() => store.DisposeAsync();
}

internal static class Records
{
    public static string Text(this MemoryRecord record) => Encoding.UTF8.GetString(record.Content.Span);

    public static void AssertSame(MemoryRecord expected, MemoryRecord? actual)
    {
        Assert.NotNull(actual);
        Assert.Equal(expected.Content.ToArray(), actual.Content.ToArray());
        Assert.Equal(expected.Attributes.ToArray(), actual.Attributes.ToArray());
        Assert.Equal(expected.Tags, actual.Tags);
        Assert.Equal(expected.Vector, actual.Vector);
        Assert.Equal(
            expected with { Content = default, Attributes = default, Tags = [], Vector = null },
            actual with { Content = default, Attributes = default, Tags = [], Vector = null });
    }
}
