using CsCheck;
using Microsoft.Extensions.Time.Testing;
using Sophia.Gpu.Devices;
using Sophia.Gpu.Pools;
using Sophia.Gpu.Tests.Devices;

namespace Sophia.Gpu.Tests.Pools;

public sealed class PagePoolTests
{
    private const int Page = 4096;
    private readonly FakeTimeProvider _clock = new();

    private PagePool Pool(int pages) => new("node/host/vector-cache", PoolKind.VectorCache, HostReservation.Of((long)pages * Page), Page, (long)pages * Page, _clock);

    [Fact]
    public void What_is_given_back_for_a_reason_counts_as_evicted_with_how_long_it_was_idle_and_other_pages_as_freed()
    {
        using var pool = Pool(8);
        var runs = Enumerable.Range(0, 4).Select(_ => pool.TryAllocate(1)!).ToArray();
        _clock.Advance(TimeSpan.FromMinutes(2));
        pool.Free(runs[0]);
        pool.Free(runs[1], "cold");
        pool.Free(runs[2], "requested", TimeSpan.FromMilliseconds(1));
        pool.Free(runs[2], "requested");

        var report = pool.Report();
        Assert.Equal(3, report.Frees);
        Assert.Equal([("cold", 1L), ("requested", 1L)], report.Evictions);
        Assert.Equal([1L, 1L], report.Idle.Where(static b => b.Count > 0).Select(static b => b.Count));
    }

    [Fact]
    public void No_page_belongs_to_two_runs_and_none_is_lost() =>
        Gen.Select(Gen.Int[0, 2], Gen.Int[1, 9], Gen.Int[0, 1000]).Array[1, 120].Sample(steps =>
        {
            using var pool = Pool(32);
            var runs = new List<PageRun>();
            var pinned = new HashSet<PageRun>();
            foreach (var (what, pages, which) in steps)
            {
                switch (what)
                {
                    case 0 when pool.TryAllocate(pages) is { } run:
                        runs.Add(run);
                        break;
                    case 1 when runs.Count > 0:
                        var chosen = runs[which % runs.Count];
                        if (which % 3 == 0 && pinned.Add(chosen))
                        {
                            Assert.True(pool.TryPin(chosen));
                        }
                        else if (!pinned.Contains(chosen))
                        {
                            pool.Free(chosen);
                            runs.Remove(chosen);
                        }

                        break;
                    case 2:
                        var before = runs.ToList();
                        var made = pool.AllocateEvicting(pages, "room", victim =>
                        {
                            Assert.DoesNotContain(victim, pinned);
                            Assert.True(runs.Remove(victim));
                        });
                        if (made is null)
                        {
                            Assert.Equal(before, runs);
                        }
                        else
                        {
                            runs.Add(made);
                        }

                        break;
                }

                var owners = new int[32];
                foreach (var run in runs)
                {
                    for (var page = run.Start; page < run.Start + run.Count; page++)
                    {
                        Assert.Equal(1, ++owners[page]);
                    }
                }

                var report = pool.Report();
                Assert.Equal(runs.Sum(r => r.Count), report.UsedPages);
                Assert.Equal(pinned.Sum(r => r.Count), report.PinnedPages);
                Assert.InRange(report.Fragmentation, 0, 1);
            }

            foreach (var run in runs)
            {
                while (pinned.Remove(run))
                {
                    pool.Unpin(run);
                }

                pool.Free(run);
            }

            // All is free again, in one run.
            Assert.NotNull(pool.TryAllocate(32));
        }, iter: 200);

    [Fact]
    public void What_is_freed_reads_as_zeros_to_the_next()
    {
        using var pool = Pool(4);
        var run = pool.TryAllocate(2)!;
        var secret = new byte[2 * Page];
        secret.AsSpan().Fill(0x5a);
        pool.Memory.Write(run.Offset, secret);
        pool.Free(run);

        var next = pool.TryAllocate(4)!;
        var read = new byte[4 * Page];
        pool.Memory.Read(next.Offset, read);

        Assert.DoesNotContain((byte)0x5a, read);
    }

    [Fact]
    public void The_run_that_is_used_stays_and_an_old_burst_counts_less_each_ten_minutes()
    {
        using var pool = Pool(3);
        PageRun burst = pool.TryAllocate(1)!, steady = pool.TryAllocate(1)!, once = pool.TryAllocate(1)!;
        for (var i = 0; i < 10; i++)
        {
            pool.Touch(burst);
        }

        _clock.Advance(TimeSpan.FromHours(1));
        pool.Touch(steady);
        _clock.Advance(TimeSpan.FromSeconds(5));
        var evicted = new List<PageRun>();

        pool.AllocateEvicting(1, "room", evicted.Add);
        pool.AllocateEvicting(1, "room", evicted.Add);

        // The run that was never used goes, then the newest one that was not either; the burst is an hour old, steady is not.
        Assert.Equal(once, evicted[0]);
        Assert.DoesNotContain(steady, evicted);
        var report = pool.Report();
        Assert.Equal(("room", 2L), Assert.Single(report.Evictions));
        Assert.Equal(2, report.Idle.Sum(b => b.Count));
    }

    [Fact]
    public void A_run_that_cannot_fit_evicts_nobody()
    {
        using var pool = Pool(4);
        var (a, b) = (pool.TryAllocate(2)!, pool.TryAllocate(2)!);
        Assert.True(pool.TryPin(b));

        Assert.Null(pool.AllocateEvicting(3, "room", _ => Assert.Fail("evicted for nothing")));

        Assert.Equal(4, pool.Report().UsedPages);
        Assert.Equal(1, pool.Report().Refused);
        Assert.Throws<InvalidOperationException>(() => pool.Free(b));
        pool.Free(a);
        pool.Free(a);
        Assert.Equal(2, pool.Report().UsedPages);
    }

    [Fact]
    public void Several_runs_come_pinned_and_evict_those_of_less_value_and_no_more_than_they_need()
    {
        using var pool = Pool(6);
        var (worthless, worthy) = (new List<PageRun>(), pool.TryAllocate(1)!);
        for (var i = 0; i < 4; i++)
        {
            worthless.Add(pool.TryAllocate(1)!);
        }

        pool.Touch(worthy);
        var (runs, evicted) = (new List<PageRun>(), new List<PageRun>());
        pool.AllocateEvicting(3, 1, "room", 0.5, runs, evicted.Add);

        // One page was free, so two had to go.
        Assert.Equal(3, runs.Count);
        Assert.Equal(evicted, worthless.Where(run => !pool.TryPin(run)));
        Assert.Equal(("room", 2L), Assert.Single(pool.Report().Evictions));
        Assert.Throws<InvalidOperationException>(() => pool.Free(runs[0]));
        Assert.Equal(0, pool.Report().Refused);
        Assert.True(pool.TryPin(worthy));
    }

    [Fact]
    public void Of_several_runs_as_many_come_as_there_is_room_for_and_one_is_refused()
    {
        using var pool = Pool(5);
        Assert.True(pool.TryPin(pool.TryAllocate(1)!));
        var runs = new List<PageRun>();

        pool.AllocateEvicting(100, 2, "room", 0.5, runs, static _ => { });

        Assert.Equal(2, runs.Count);
        Assert.Equal(1, pool.Report().Refused);
        Assert.Equal(5, pool.Report().UsedPages);
    }

    [Fact]
    public void Memory_outlives_the_pool_until_its_last_run_is_back()
    {
        var pool = Pool(2);
        var run = pool.TryAllocate(1)!;
        pool.Dispose();
        pool.Memory.Write(run.Offset, [1, 2, 3]);
        pool.Free(run);
        Assert.Throws<ObjectDisposedException>(() => pool.Memory.Write(0, [1]));
        Assert.Throws<ObjectDisposedException>(() => pool.TryAllocate(1));
    }

    [Fact]
    public void The_pool_is_the_same_on_a_device_of_ilgpu()
    {
        using var device = TestDevice.Open(1 << 20);
        using var pool = new PagePool("n/0/models", PoolKind.Models, device.Reserve(8 * Page), Page, 8 * Page, _clock);
        var run = pool.TryAllocate(3)!;
        var bytes = Enumerable.Range(0, 3 * Page).Select(i => (byte)i).ToArray();
        pool.Memory.Write(run.Offset, bytes);
        var read = new byte[bytes.Length];
        pool.Memory.Read(run.Offset, read);
        Assert.Equal(bytes, read);
        pool.Free(run);
        pool.Memory.Read(0, read);
        Assert.True(read.AsSpan().IndexOfAnyExcept((byte)0) < 0);
        Assert.Throws<ArgumentOutOfRangeException>(() => pool.Memory.Write((8 * Page) - 1, [1, 2]));
    }
}
