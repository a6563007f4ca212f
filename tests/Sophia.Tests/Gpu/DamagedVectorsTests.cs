using System.Diagnostics.Metrics;
using System.Runtime.InteropServices;
using CsCheck;
using Microsoft.Extensions.Time.Testing;
using Sophia.Gpu.Shards;
using Sophia.Gpu.Vectors;
using Sophia.Memory;
using Sophia.Memory.Hierarchy;
using Sophia.Memory.Log;
using Sophia.Memory.Records;
using Sophia.Memory.Search;
using Sophia.Stores.Sqlite;

namespace Sophia.Tests.Gpu;

/// <summary>Files of originals that are not what was written into them.</summary>
public sealed class DamagedVectorsTests : IDisposable
{
    private const int Dimensions = 768;

    /// <summary>Originals beyond 4 MiB are in files.</summary>
    private const int Rows = 3_000;

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("sophia-damaged");

    public void Dispose() => _folder.Delete(recursive: true);

    private static float[] VectorOf(int number) => ShardRecords.Vector(new Random(number), Dimensions);

    private static byte[] StoredOf(int number)
    {
        var stored = new float[Dimensions];
        UnitVector.Scale(VectorOf(number), stored);
        return MemoryMarshal.AsBytes<float>(stored).ToArray();
    }

    private IShard Filled(int rows = Rows)
    {
        var shard = new HostShardEngine(_folder.FullName).Create(ShardRecords.Namespace(Dimensions));
        for (var number = 1; number <= rows; number++)
        {
            shard.Put(ShardRecords.Record($"k{number}", number, "", VectorOf(number)));
        }

        return shard;
    }

    [Fact]
    public void Any_bit_of_a_row_changes_its_sum() =>
        Gen.Select(Gen.Int[1, 64], Gen.Int[0, 1 << 20]).Sample((lines, seed) =>
        {
            var random = new Random(seed);
            var row = Enumerable.Range(0, lines * 16).Select(_ => (float)random.NextDouble()).ToArray();
            var sum = RowSum.Of(row);
            var bytes = MemoryMarshal.AsBytes(row.AsSpan());
            for (var i = 0; i < 50; i++)
            {
                var (at, bit) = (random.Next(bytes.Length), (byte)(1 << random.Next(8)));
                bytes[at] ^= bit;
                Assert.NotEqual(sum, RowSum.Of(row));
                bytes[at] ^= bit;
            }

            Assert.Equal(sum, RowSum.Of(row));
        }, iter: 100);

    [SkippableFact]
    public void A_row_with_one_bit_flipped_is_an_error_and_no_answer()
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "Only Linux gives files without a name to the test.");
        using var shard = Filled();
        Assert.Equal("k2900", shard.Near(VectorOf(2_900), 1).Hits[0].Key);

        Assert.True(NamelessFiles.TryFlip(_folder, StoredOf(2_900)));

        Assert.Contains("its file was damaged", Assert.Throws<ShardDamagedException>(() => shard.Near(VectorOf(2_900), 1)).Message, StringComparison.Ordinal);
    }

    [SkippableFact]
    public void A_row_that_nobody_asks_for_is_found_in_time()
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "Only Linux gives files without a name to the test.");
        using var shard = Filled();
        Assert.True(NamelessFiles.TryFlip(_folder, StoredOf(2_999)));

        var searches = 0;
        Assert.Throws<ShardDamagedException>(() =>
        {
            for (; searches < Rows; searches++)
            {
                shard.Near(VectorOf(1), 1);
            }
        });
        Assert.InRange(searches, 1, (Rows / 4) + 1);
    }

    [SkippableFact]
    public void Searches_made_together_find_it_too()
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "Only Linux gives files without a name to the test.");
        using var shard = Filled();
        Assert.True(NamelessFiles.TryFlip(_folder, StoredOf(2_999)));
        ShardQuery[] queries = [.. Enumerable.Range(1, 8).Select(static number => new ShardQuery { Vector = VectorOf(number), Mode = SearchMode.Vector, K = 1, Now = ShardRecords.Now })];

        Assert.Throws<ShardDamagedException>(() =>
        {
            for (var searches = 0; searches < Rows; searches += queries.Length)
            {
                shard.Search(queries, default);
            }
        });
    }

    [Fact]
    public async Task Searches_beside_a_writer_take_no_row_for_damaged()
    {
        using var shard = Filled();
        using var stop = new CancellationTokenSource();
        var writing = Task.Run(() =>
        {
            for (var number = Rows + 1; !stop.IsCancellationRequested; number++)
            {
                var i = Rows - (number % 8);
                shard.Put(ShardRecords.Record($"k{i}", number, "", VectorOf(i + (number % 3))));
            }
        });
        try
        {
            for (var i = 0; i < 400; i++)
            {
                Assert.Equal(20, shard.Near(VectorOf(Rows - (i % 8)), 20).Hits.Count);
            }
        }
        finally
        {
            await stop.CancelAsync();
            await writing;
        }
    }

    [SkippableFact]
    public async Task A_damaged_shard_is_made_anew_from_the_store_and_the_answer_is_right()
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "Only Linux gives files without a name to the test.");
        var damaged = 0L;
        using var listener = new MeterListener { InstrumentPublished = static (instrument, self) =>
        {
            if (instrument.Name == "sophia.vector.damaged")
            {
                self.EnableMeasurementEvents(instrument);
            }
        } };
        listener.SetMeasurementEventCallback<long>((_, value, _, _) => Interlocked.Add(ref damaged, value));
        listener.Start();
        var data = Directory.CreateTempSubdirectory("sophia-damaged-data");
        var clock = new FakeTimeProvider(DateTimeOffset.UtcNow);
        await using (var memory = new MemoryHierarchy(
            SqliteRecordStore.Create(data.FullName, clock), null, new HostShardEngine(_folder.FullName), null, new MemoryOptions(), clock))
        {
            await memory.StartAsync(default);
            var ns = await memory.NamespaceForWriteAsync("acme", "vectors", Dimensions, default);
            foreach (var some in Enumerable.Range(1, Rows).Chunk(500))
            {
                await memory.PutAsync(
                    ns, [.. some.Select(number => new PutRequest(new RecordDraft { Key = $"k{number}", Content = "x"u8.ToArray(), Vector = VectorOf(number) }))], null, new Trail(), default);
            }

            Task<SearchAnswer> SearchAsync() => memory.SearchAsync(
                ns, new SearchRequest { Vector = VectorOf(2_900), Mode = SearchMode.Vector, K = 3, Timeout = TimeSpan.FromSeconds(60), MinSequence = default }, new Trail(), default);
            var before = await SearchAsync();
            while (before.RowsScanned < Rows)
            {
                before = await SearchAsync();
            }

            Assert.True(NamelessFiles.TryFlip(_folder, StoredOf(2_900)));
            var after = await SearchAsync();

            Assert.Equal(before.Hits.Select(h => (h.Record.Key, h.Found.Score)), after.Hits.Select(h => (h.Record.Key, h.Found.Score)));
            Assert.True(Interlocked.Read(ref damaged) > 0);
        }

        data.Delete(recursive: true);
    }
}
