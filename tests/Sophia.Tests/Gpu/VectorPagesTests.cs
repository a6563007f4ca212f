using System.Runtime.InteropServices;
using Sophia.Gpu.Devices;
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

    [Fact]
    public unsafe void A_new_page_holds_nothing_of_what_stood_in_its_memory_before()
    {
        using var arena = new PageArena(4096, (_, bytes) =>
        {
            var used = HostBuffer.Allocate(bytes);
            new Span<byte>(used.Pointer, (int)bytes).Fill(0xab);
            return new UsedMemory(used);
        });
        for (var page = 0; page < 5; page++)
        {
            arena.Add();
            Assert.Equal(-1, new ReadOnlySpan<byte>((void*)arena.Pages[page], 4096).IndexOfAnyExcept((byte)0));
        }
    }

    [SkippableFact]
    public void Originals_of_a_large_shard_are_files_that_nobody_can_cut_without_what_was_removed_and_gone_with_the_shard()
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "Elsewhere the files keep their names.");
        var folder = Directory.CreateTempSubdirectory("sophia-vectors");
        try
        {
            const int Dimensions = 768;
            var storage = new VectorStorage(folder.FullName);
            using (var pages = new VectorPages(Dimensions, storage))
            {
                var slots = Enumerable.Range(0, 6_000).Select(row => pages.Add(row, ShardRecords.Vector(new Random(row), Dimensions))).ToArray();
                var kept = MemoryMarshal.AsBytes(pages.Row(slots[5_000])).ToArray();
                var removed = MemoryMarshal.AsBytes(pages.Row(slots[5_001])).ToArray();
                Assert.Empty(folder.GetFiles());
                Assert.True(IsInFiles(folder, kept) && IsInFiles(folder, removed));

                pages.Remove(slots[5_001]);

                Assert.True(IsInFiles(folder, kept));
                Assert.False(IsInFiles(folder, removed.AsSpan(64, 128).ToArray()));
                Assert.InRange(pages.SizeInMemory, 6_000 * Dimensions, (6_000 * (Dimensions + 16)) + (8 << 20));
            }

            Assert.Empty(NamelessFiles.Of(folder));
            File.WriteAllText(Path.Combine(folder.FullName, "left.f32"), "by a process that was killed");
            storage.DeleteLeftOvers();
            Assert.Empty(folder.GetFiles());
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [SkippableFact]
    public void A_shard_whose_folder_was_removed_gives_all_of_its_files_back()
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "Elsewhere a folder with open files cannot be removed.");
        var folder = Directory.CreateTempSubdirectory("sophia-vectors");
        using (var pages = new VectorPages(768, new VectorStorage(folder.FullName)))
        {
            for (var row = 0; row < 6_000; row++)
            {
                pages.Add(row, ShardRecords.Vector(new Random(row), 768));
            }

            Assert.True(Mappings() > 1);
            folder.Delete(recursive: true);
        }

        Assert.Equal(0, Mappings());

        int Mappings() => File.ReadLines("/proc/self/maps").Count(line => line.Contains(folder.FullName, StringComparison.Ordinal));
    }

    [Fact]
    public void Originals_stay_in_memory_where_no_file_can_be_made()
    {
        using var pages = new VectorPages(768, new VectorStorage("/proc/no-such-folder"));
        var last = 0;
        for (var row = 0; row < 3_000; row++)
        {
            last = pages.Add(row, ShardRecords.Vector(new Random(row), 768));
        }

        Assert.Contains(pages.Row(last).ToArray(), x => x != 0);
        Assert.InRange(pages.SizeInMemory, 3_000 * 768 * 5, long.MaxValue);
    }

    private sealed unsafe class UsedMemory(HostBuffer buffer) : IPageMemory
    {
        public byte* Pointer => buffer.Pointer;

        public bool IsResident => true;

        public bool IsZeroed => false;

        public void Settle()
        {
        }

        public void Dispose() => buffer.Dispose();
    }

    private static bool IsInFiles(DirectoryInfo folder, byte[] bytes) =>
        NamelessFiles.Of(folder).Any(path => File.ReadAllBytes(path).AsSpan().IndexOf(bytes) >= 0);
}
