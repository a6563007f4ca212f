using Sophia.Memory.Caching;
using Sophia.Memory.Log;
using Sophia.Memory.Records;
using Sophia.Memory.Tiers;

namespace Sophia.Tests.Caching;

public sealed class NearCacheTests : IDisposable
{
    private readonly TierMeters _meters = new();

    public void Dispose() => _meters.Dispose();

    private static MemoryRecord Record(int key, long number, int bytes = 1000) => new()
    {
        NamespaceId = 1, Key = $"key-{key}", Id = new RecordId((UInt128)key), Content = new byte[bytes], ContentType = "text/plain",
        Sequence = Sequence.Of(0, number),
    };

    private static bool Holds(NearCache near, int key) => near.TryGet(1, $"key-{key}", out _);

    [Fact]
    public void The_byte_limit_holds_after_every_set_from_any_thread()
    {
        const long Limit = 200_000;
        var near = new NearCache(100_000, Limit, _meters.L1);

        Parallel.For(0, 20_000, i => near.Set(Record(i % 3_000, i + 1, 100 + (i % 2_000))));
        near.Set(Record(1, 100_000));

        Assert.InRange(near.Bytes, 0, Limit);
        Assert.InRange(near.Count, 10, 3_000);
        Assert.True(_meters.L1.Evictions["capacity"] > 0);
    }

    [Fact]
    public void A_copy_that_is_just_being_put_in_is_found_by_a_forget_that_knows_its_id_alone()
    {
        var near = new NearCache(100, 200_000, _meters.L1);
        Thread? forgetting = null;
        var record = Record(1, 5) with
        {
            Tags = new AskedList(() =>
            {
                // Asked for its size between the fence and the cache: a forget that did not wait here would find nothing.
                if (forgetting is null)
                {
                    forgetting = new Thread(() => near.Invalidate(new Dictionary<RecordId, Sequence> { [new RecordId(1)] = Sequence.Of(0, 9) }));
                    forgetting.Start();
                    forgetting.Join(200);
                }
            }),
        };

        near.Admit(record, cursorBeforeRead: 5);
        forgetting!.Join();

        Assert.False(Holds(near, 1));
    }

    [Fact]
    public void A_copy_that_was_read_before_changes_that_were_missed_does_not_come_in_after_them()
    {
        var near = new NearCache(100, 200_000, _meters.L1);
        near.Set(Record(2, 4));

        near.Withdraw(Sequence.Of(0, 9));
        near.Admit(Record(1, 5), cursorBeforeRead: 5);

        Assert.False(Holds(near, 1));
        Assert.False(Holds(near, 2));
        near.Admit(Record(1, 5), cursorBeforeRead: 9);
        Assert.True(Holds(near, 1));
    }

    private sealed class AskedList(Action asked) : IReadOnlyList<string>
    {
        public string this[int index] => throw new ArgumentOutOfRangeException(nameof(index));

        public int Count
        {
            get
            {
                asked();
                return 0;
            }
        }

        public IEnumerator<string> GetEnumerator() => Enumerable.Empty<string>().GetEnumerator();

        System.Collections.IEnumerator System.Collections.IEnumerable.GetEnumerator() => GetEnumerator();
    }

    [Fact]
    public void Records_that_are_only_written_take_no_place_of_what_is_read()
    {
        var near = new NearCache(100_000, 200_000, _meters.L1);
        for (var i = 0; i < 100; i++)
        {
            near.Set(Record(i, i + 1, 1_000));
        }

        for (var i = 0; i < 5_000; i++)
        {
            near.Set(Record(1_000 + i, 1_000 + i, 1_000), isWanted: false);
        }

        Assert.All(Enumerable.Range(0, 100), key => Assert.True(Holds(near, key)));
        near.Set(Record(7, 9_999, 1_000), isWanted: false);
        Assert.True(near.TryGet(1, "key-7", out var updated));
        Assert.Equal(9_999, updated!.Record.Sequence.Number);
        near.Set(Record(5_999, 10_000, 1_000));
        Assert.True(Holds(near, 5_999));
    }

    [Fact]
    public void The_bytes_that_are_counted_are_those_of_what_is_there()
    {
        var near = new NearCache(1_000, 1 << 30, _meters.L1);
        for (var i = 1; i <= 3_000; i++)
        {
            near.Set(Record(i % 400, i, i));
        }

        var expected = 0L;
        for (var key = 0; key < 400; key++)
        {
            expected += near.TryGet(1, $"key-{key}", out var entry) ? entry!.Record.SizeInMemory : 0;
        }

        Assert.Equal(expected, near.Bytes);
        near.Evict(null, null);

        // The cache hands removed entries back in the background.
        Assert.True(SpinWait.SpinUntil(() => near.Bytes == 0, TimeSpan.FromSeconds(10)), $"{near.Bytes} bytes are still counted.");
    }

    [Fact]
    public void An_older_value_replaces_no_newer_one_and_a_removal_no_newer_value()
    {
        var near = new NearCache(100, 1 << 20, _meters.L1);
        near.Set(Record(1, 5));

        near.Set(Record(1, 4));
        Assert.False(near.Invalidate(1, "key-1", Sequence.Of(0, 3)));

        Assert.True(near.TryGet(1, "key-1", out var entry));
        Assert.Equal(5, entry!.Record.Sequence.Number);
    }

    [Fact]
    public void A_slow_read_is_not_admitted_over_a_removal_by_key_or_by_id()
    {
        var near = new NearCache(100, 1 << 20, _meters.L1);
        near.Invalidate(1, "key-1", Sequence.Of(0, 9));
        near.Invalidate(new Dictionary<RecordId, Sequence> { [new RecordId(2)] = Sequence.Of(0, 10) });

        near.Admit(Record(1, 5), cursorBeforeRead: 8, out var first);
        near.Admit(Record(2, 6), cursorBeforeRead: 9, out var second);

        Assert.False(first || second || Holds(near, 1) || Holds(near, 2));
    }
}
