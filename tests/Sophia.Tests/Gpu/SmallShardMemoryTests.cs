using System.Buffers.Binary;
using Sophia.Gpu.Devices;
using Sophia.Gpu.Pools;
using Sophia.Gpu.Shards;
using Sophia.Gpu.Vectors;

namespace Sophia.Tests.Gpu;

/// <summary>A service may have tens of thousands of namespaces of a few records: what each takes, and says that it takes, decides whether it lives.</summary>
public class SmallShardMemoryTests
{
    private const int Dimensions = 256;
    private const int Shards = 200;
    private const string HugePages = "/sys/kernel/mm/transparent_hugepage/enabled";

    [SkippableTheory]
    [InlineData(2, 8)]
    [InlineData(100, 160)]
    [InlineData(300, 700)]
    public void Vectors_take_what_they_say_and_little_for_few(int rows, int mostKibibytes)
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "Elsewhere nothing says which pages of memory the system has given.");
        Skip.If(
            File.Exists(HugePages) && File.ReadAllText(HugePages).Contains("[always]", StringComparison.Ordinal),
            "The system gives two megabytes where a page is touched (transparent_hugepage is always).");
        using var memory = HostReservation.Of(512 << 20);
        using var pool = new PagePool("n/0/vector-cache", PoolKind.VectorCache, memory, 64 << 10, 0, TimeProvider.System);
        var given = Given(memory);
        var shards = Enumerable.Range(0, Shards).Select(_ => Filled(rows, new VectorStorage { Pool = pool })).ToArray();

        given = Given(memory) - given;

        Assert.InRange(given, 1, Shards * (mostKibibytes + 8L) << 10);
        Assert.InRange((double)shards.Sum(static shard => shard.SizeInMemory), given * 0.95, given * 1.1);
        Array.ForEach(shards, static shard => shard.Dispose());
    }

    [Fact]
    public void A_shard_of_two_records_says_what_its_pages_and_its_last_changes_take()
    {
        using var without = ShardRecords.Shard(0);
        using var with = ShardRecords.Shard(Dimensions);
        for (var key = 0; key < 2; key++)
        {
            without.Put(ShardRecords.Record($"k{key}", key + 1));
            with.Put(ShardRecords.Record($"k{key}", key + 1) with { Vector = ShardRecords.Vector(new Random(key), Dimensions) });
        }

        Assert.Equal(3L * Environment.SystemPageSize, with.SizeInMemory - without.SizeInMemory);
        Assert.InRange(with.SizeInMemory, 12 << 10, 32 << 10);
    }

    [Fact]
    public unsafe void Memory_of_the_process_that_was_used_before_is_zeros_when_it_is_given_again()
    {
        for (var i = 0; i < 100; i++)
        {
            using var buffer = HostBuffer.Allocate(68_608);
            var bytes = new Span<byte>(buffer.Pointer, 68_608);

            Assert.True(buffer.IsZeroed);
            Assert.Equal(0, (nint)buffer.Pointer % 64);
            Assert.Equal(-1, bytes.IndexOfAnyExcept((byte)0));
            bytes.Fill(0xab);
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(64)]
    [InlineData(65)]
    [InlineData(5_000)]
    [InlineData(ChangedRows.Most)]
    [InlineData(ChangedRows.Most + 1)]
    [InlineData(20_000)]
    public void The_last_changes_are_known_however_many_there_were(int changes)
    {
        var changed = new ChangedRows();
        for (var row = 0; row < changes; row++)
        {
            Assert.InRange(changed.SizeInMemory, 1, Math.Max(256, 8 * row));
            changed.Add(row);
        }

        var first = Math.Max(changes - ChangedRows.Most, 0);
        var rows = new HashSet<int>();
        Assert.True(changed.TryRead(first, rows));
        Assert.Equal(Enumerable.Range(first, changes - first), rows.Order());
        Assert.False(first > 0 && changed.TryRead(first - 1, []));
    }

    private static VectorPages Filled(int rows, VectorStorage storage)
    {
        var pages = new VectorPages(Dimensions, storage);
        for (var row = 0; row < rows; row++)
        {
            pages.Add(row, ShardRecords.Vector(new Random(row), Dimensions));
        }

        return pages;
    }

    /// <summary>Bytes of the reservation for which there is memory, as the kernel's map of the process's pages has it.</summary>
    private static unsafe long Given(HostReservation memory)
    {
        var page = Environment.SystemPageSize;
        var entries = new byte[memory.Bytes / page * sizeof(ulong)];
        using var map = File.OpenHandle("/proc/self/pagemap");
        for (var read = 0; read < entries.Length;)
        {
            read += RandomAccess.Read(map, entries.AsSpan(read), ((nint)memory.Pointer / page * sizeof(ulong)) + read);
        }

        return Enumerable.Range(0, entries.Length / sizeof(ulong)).Count(i => BinaryPrimitives.ReadUInt64LittleEndian(entries.AsSpan(i * sizeof(ulong))) >> 62 != 0) * (long)page;
    }
}
