using Sophia.Gpu.Vectors;

namespace Sophia.Tests.Gpu;

public class VectorPagesTests
{
    [Fact]
    public void A_freed_slot_is_zeros_at_once_and_is_used_again()
    {
        using var pages = new VectorPages(20);
        var slot = pages.Add(0, ShardRecords.Vector(new Random(1), 20));
        pages.Add(1, ShardRecords.Vector(new Random(2), 20));
        Assert.Contains(pages.Row(slot).ToArray(), x => x != 0);

        pages.Remove(slot);

        Assert.All(pages.Row(slot).ToArray(), x => Assert.Equal(0, x));
        Assert.Equal(1, pages.Count);
        Assert.Equal(slot, pages.Add(2, ShardRecords.Vector(new Random(3), 20)));
    }

    [Fact]
    public unsafe void Rows_start_at_cache_lines_and_are_padded_with_zeros()
    {
        using var pages = new VectorPages(20);
        for (var row = 0; row < 3_000; row++)
        {
            var slot = pages.Add(row, ShardRecords.Vector(new Random(row), 20));
            fixed (float* start = pages.Row(slot))
            {
                Assert.Equal(0, (nint)start % 64);
            }

            Assert.All(pages.Row(slot)[20..].ToArray(), x => Assert.Equal(0, x));
        }
    }

    [Fact]
    public void Pages_outlive_their_owner_until_the_last_scan_ends()
    {
        var pages = new VectorPages(16);
        var vector = new float[16];
        vector[3] = 1;
        var slot = pages.Add(0, vector);
        var lease = pages.Take();

        pages.Dispose();

        Assert.Equal(1, pages.Row(slot)[3]);
        lease.Dispose();
        Assert.Throws<ObjectDisposedException>(() => pages.Row(slot));
    }
}
