using Sophia.Memory.Log;
using Sophia.Memory.Records;

namespace Sophia.Tests.Log;

public sealed class RecentEntriesTests
{
    private static LogEntry Entry(long number, ChangeKind kind = ChangeKind.Delete) => new(
        Sequence.Of(1, number), 1, new RecordId((UInt128)number), kind, 1, default, default, null, "k" + number);

    private static long[]? Read(RecentEntries recent, long after, int limit = 100, long bytes = long.MaxValue)
    {
        var into = new List<LogEntry>();
        return recent.TryRead(1, after, limit, bytes, into) ? [.. into.Select(e => e.Sequence.Number)] : null;
    }

    [Fact]
    public void Entries_after_a_number_come_in_order_up_to_the_limit()
    {
        var recent = new RecentEntries(1 << 20);
        for (var n = 5; n <= 9; n++)
        {
            recent.Add(Entry(n));
        }

        Assert.Equal([7, 8], Read(recent, 6, 2)!);
        Assert.Equal([5, 6, 7, 8, 9], Read(recent, 4)!);
        Assert.Empty(Read(recent, 9)!);
        Assert.Null(Read(recent, 3));
    }

    [Fact]
    public void They_end_by_their_bytes_too_and_one_is_always_read()
    {
        var recent = new RecentEntries(1 << 20);
        for (var n = 5; n <= 9; n++)
        {
            recent.Add(Entry(n));
        }

        Assert.Equal([5, 6, 7], Read(recent, 4, bytes: 2 * 160 + 1)!);
        Assert.Equal([6], Read(recent, 5, bytes: 1)!);
    }

    [Fact]
    public void A_hole_that_trimming_left_does_not_shift_what_is_read()
    {
        var recent = new RecentEntries(1 << 20);
        foreach (var number in (long[])[5, 6, 20, 21, 22])
        {
            recent.Add(Entry(number));
        }

        Assert.Equal([20, 21, 22], Read(recent, 10)!);
        Assert.Equal([21, 22], Read(recent, 20)!);
    }

    [Fact]
    public void The_oldest_go_when_the_bytes_run_out()
    {
        var recent = new RecentEntries(160 * 100);
        for (var n = 1; n <= 5_000; n++)
        {
            recent.Add(Entry(n));
        }

        Assert.Null(Read(recent, 4_899));
        Assert.Equal(100, Read(recent, 4_900)!.Length);
    }

    [Fact]
    public void A_partition_that_was_dropped_is_read_from_the_store_up_to_what_came_since()
    {
        var recent = new RecentEntries(160 * 4);
        for (var round = 0; round < 10; round++)
        {
            recent.Add(Entry(1));
            recent.Add(Entry(2));
            recent.Drop(1);
        }

        Assert.Null(Read(recent, 0));
        Assert.Null(Read(recent, 2));
        for (var n = 10; n <= 13; n++)
        {
            recent.Add(Entry(n));
        }

        Assert.Null(Read(recent, 8));
        Assert.Equal([10, 11, 12, 13], Read(recent, 9)!);
    }

    [Fact]
    public void Nothing_of_an_erased_record_stays_not_even_the_key_of_its_delete()
    {
        var recent = new RecentEntries(1 << 20);
        recent.Add(Entry(1));
        recent.Add(Entry(2));
        recent.Add(Entry(3) with { Id = new RecordId(1) });
        recent.Erase(new Dictionary<RecordId, Sequence> { [new(1)] = Sequence.Of(1, 2) }, 1);
        var into = new List<LogEntry>();
        Assert.True(recent.TryRead(1, 0, 10, long.MaxValue, into));

        Assert.Null(into[0].Key);
        Assert.Equal("k2", into[1].Key);
        Assert.Equal("k3", into[2].Key);
    }
}
