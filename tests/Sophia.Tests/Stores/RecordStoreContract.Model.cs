using Sophia.Memory.Log;
using Sophia.Memory.Namespaces;
using Sophia.Memory.Records;
using Sophia.Memory.Stores;

namespace Sophia.Tests.Stores;

public abstract partial class RecordStoreContract
{
    /// <summary>What a record went through, kept the simplest way.</summary>
    private sealed class ModelRecord
    {
        public List<(ChangeKind Kind, int Version, Sequence Sequence, DateTimeOffset At, string? Text)> Versions { get; } = [];

        public bool Lives => Versions.Count > 0 && Versions[^1].Kind == ChangeKind.Put;
    }

    [SkippableTheory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task Random_operations_leave_what_a_simple_model_says(int seed)
    {
        await using var s = await OpenAsync();
        var random = new Random(seed);
        var spaces = new[] { await s.NamespaceAsync("a"), await s.NamespaceAsync("b") };
        var model = new Dictionary<(long, string), ModelRecord>();
        var numbers = new long[Sequence.Partitions];
        var log = new List<(Sequence Sequence, ChangeKind Kind, int Version)>();
        for (var commit = 0; commit < 60; commit++)
        {
            s.Clock.Advance(TimeSpan.FromMilliseconds(random.Next(3)));
            var groups = Enumerable.Range(0, random.Next(1, 4)).Select(_ => new WriteGroup([.. Enumerable.Range(0, random.Next(1, 6)).Select(_ => RandomOperation())])).ToArray();
            var outcomes = await s.Store.CommitAsync(groups, default);
            for (var g = 0; g < groups.Length; g++)
            {
                for (var i = 0; i < groups[g].Operations.Count; i++)
                {
                    Assert.Equal(Expect(groups[g].Operations[i]), outcomes[g].Receipts[i]);
                }
            }
        }

        var marks = await s.Store.ReadWatermarksAsync(default);
        Assert.All(spaces, ns => Assert.Equal(numbers[ns.Partition], marks[ns.Partition]));
        var stored = new List<LogEntry>();
        foreach (var partition in spaces.Select(ns => ns.Partition).Distinct())
        {
            stored.AddRange(await s.Store.ReadLogAsync(partition, 0, 10_000, null, default));
        }

        Assert.Equal(log.OrderBy(e => e.Sequence.Value), stored.Select(e => (e.Sequence, e.Kind, e.Version)));
        foreach (var ns in spaces)
        {
            for (var k = 0; k < 6; k++)
            {
                var record = model.GetValueOrDefault((ns.Id, $"k{k}"), new ModelRecord());
                Assert.Equal(record.Lives ? record.Versions[^1].Text : null, await s.TextAsync(ns, $"k{k}"));
                var history = await s.Store.HistoryAsync(ns, $"k{k}", Sequence.None, 1000, default);
                Assert.Equal(
                    record.Versions.AsEnumerable().Reverse(),
                    history.Select(e => (e.Kind, e.Version, e.Sequence, e.RecordedAt, e.Record?.Text())));
                for (var back = 0; back < 20; back++)
                {
                    var at = Start.AddMilliseconds(random.Next(150));
                    var then = record.Versions.LastOrDefault(v => v.At <= at);
                    Assert.Equal(then.Text, (await s.Store.GetAsOfAsync(ns, $"k{k}", at, default))?.Text());
                }
            }

            Assert.Equal(
                model.Where(m => m.Key.Item1 == ns.Id && m.Value.Lives).Select(m => m.Key.Item2).Order(StringComparer.Ordinal),
                (await s.Store.ListAsync(ns, "", null, 100, false, default)).Select(r => r.Key));
        }

        WriteOperation RandomOperation()
        {
            var ns = spaces[random.Next(2)];
            var key = $"k{random.Next(6)}";
            var id = s.IdOf(ns, key);
            var match = new Precondition(random.Next(8) == 0, random.Next(8) == 0 ? Sequence.Of(ns.Partition, random.Next(1, 30)) : Sequence.None);
            return random.Next(10) switch
            {
                < 7 => s.PutOf(ns, StoreUnderTest.Draft(key, $"v{random.Next(3)}") with { WhenPresent = random.Next(5) == 0 ? WhenPresent.Reject : WhenPresent.Replace }, match),
                < 9 => new DeleteOperation(ns, key, id, match),
                _ => new ForgetOperation(ns, key, id),
            };
        }

        Receipt Expect(WriteOperation operation)
        {
            var (key, precondition) = operation switch
            {
                PutOperation put => (put.Draft.Key, put.Precondition),
                DeleteOperation delete => (delete.Key, delete.Precondition),
                ForgetOperation forget => (forget.Key, default),
                _ => throw new InvalidOperationException(),
            };
            var at = (operation.Namespace.Id, key);
            var record = model.TryGetValue(at, out var known) ? known : model[at] = new ModelRecord();
            var last = record.Versions.Count > 0 ? record.Versions[^1] : default;
            if (precondition.MustNotExist && record.Lives)
            {
                return Receipt.Rejected(RejectReason.AlreadyExists, last.Version, last.Sequence);
            }

            if (!precondition.Match.IsNone && !(record.Lives && last.Sequence == precondition.Match))
            {
                return Receipt.Rejected(RejectReason.PreconditionFailed, last.Version, last.Sequence);
            }

            switch (operation)
            {
                case PutOperation { Draft.WhenPresent: WhenPresent.Reject } when record.Lives:
                    return Receipt.Rejected(RejectReason.AlreadyExists, last.Version, last.Sequence);
                case PutOperation put:
                    var text = System.Text.Encoding.UTF8.GetString(put.Draft.Content!.Value.Span);
                    return record.Lives && last.Text == text
                        ? new Receipt(ReceiptStatus.Unchanged, RejectReason.None, last.Version, last.Sequence)
                        : Record(record, operation, record.Lives ? ReceiptStatus.Replaced : ReceiptStatus.Stored, ChangeKind.Put, text);
                case DeleteOperation:
                    return record.Lives ? Record(record, operation, ReceiptStatus.Deleted, ChangeKind.Delete, null) : Receipt.Rejected(RejectReason.NotFound);
                default:
                    if (record.Versions.Count == 0)
                    {
                        return Receipt.Rejected(RejectReason.NotFound);
                    }

                    var receipt = Record(record, operation, ReceiptStatus.Forgotten, ChangeKind.Forget, null);
                    model.Remove(at);
                    return receipt;
            }
        }

        Receipt Record(ModelRecord record, WriteOperation operation, ReceiptStatus status, ChangeKind kind, string? text)
        {
            var partition = operation.Namespace.Partition;
            var sequence = Sequence.Of(partition, ++numbers[partition]);
            var version = record.Versions.Count + 1;
            record.Versions.Add((kind, version, sequence, s.Clock.GetUtcNow(), text));
            log.Add((sequence, kind, version));
            return new Receipt(status, RejectReason.None, version, sequence);
        }
    }
}
