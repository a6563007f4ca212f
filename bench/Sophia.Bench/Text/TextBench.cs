using System.Diagnostics;
using System.Text;
using Microsoft.Extensions.AI;
using Sophia.Bench.Reporting;
using Sophia.Bench.Writes;
using Sophia.Gpu.Embedding;
using Sophia.Gpu.Shards;
using Sophia.Gpu.Text;
using Sophia.Memory.Log;
using Sophia.Memory.Namespaces;
using Sophia.Memory.Records;

namespace Sophia.Bench.Text;

/// <summary>
/// What a text of 512 bytes costs one core on its way into a shard: reading its words, embedding it, putting it into the
/// shard. A round takes fresh slices of real English in each step; the median over the rounds counts.
/// No collection of garbage runs meanwhile.
/// </summary>
internal static class TextBench
{
    private const int PerRound = 2_000;

    public static async Task RunAsync(BenchSettings settings, Report report)
    {
        var text = EnglishText.Load();
        var rounds = settings.IsQuick ? 5 : 25;
        using var embedder = new HashedEmbedder();
        var ns = new NamespaceInfo(
            1, "bench", "text", 0,
            new NamespaceSettings { VectorSource = VectorSource.Embedder, VectorModel = HashedEmbedder.ModelName, Dimensions = HashedEmbedder.Dimensions },
            DateTimeOffset.UnixEpoch);
        using var shard = new HostShardEngine().Create(ns);
        var (analyse, embed, put, loaded, garbage) = (new List<double>(), new List<double>(), new List<double>(), new List<double>(), new List<double>());
        var next = 0L;
        for (var round = -3; round < rounds; round++)
        {
            var texts = Enumerable.Range(0, PerRound).Select(_ => Encoding.ASCII.GetString(text.Slice(next++))).ToArray();
            var analysed = Analyse(texts);

            var batches = texts.Chunk(100).ToArray();
            var vectors = new List<float[]>(PerRound);
            var allocated = Begin();
            var started = Stopwatch.GetTimestamp();
            foreach (var batch in batches)
            {
                foreach (var embedding in await embedder.GenerateAsync(batch))
                {
                    vectors.Add(System.Runtime.InteropServices.MemoryMarshal.TryGetArray(embedding.Vector, out var segment) ? segment.Array! : embedding.Vector.ToArray());
                }
            }

            var embedded = Microseconds(started);
            garbage.Add(End(allocated));
            var written = Put(shard, texts, vectors, next * 2);

            // As after a start: the vector comes from the store, so the words are nowhere yet.
            var read = Put(shard, texts, vectors.ConvertAll(vector => (float[])vector.Clone()), (next * 2) + PerRound);
            if (round >= 0)
            {
                analyse.Add(analysed);
                embed.Add(embedded);
                put.Add(written);
                loaded.Add(read);
            }
        }

        var note = $"median of {rounds} rounds of {PerRound:N0} texts, one thread";
        report.Add("read the words of 512 bytes", Statistics.Median(analyse), "µs", note: note);
        report.Add("embed 512 bytes", Statistics.Median(embed), "µs", note: note);
        report.Add("allocated by embedding, the vector's 1,048 bytes included", Statistics.Median(garbage), "bytes", note: "a text");
        report.Add("put into a shard what was just embedded", Statistics.Median(put), "µs", note: $"{note}; {shard.Count:N0} records at the end");
        report.Add("embed and put together", Statistics.Median(embed.Zip(put, (e, p) => e + p)), "µs", note: note);
        report.Add("put into a shard what comes from the store", Statistics.Median(loaded), "µs", note: note);
        report.Add("bytes a record in the shard, its vector included", shard.SizeInMemory / (double)shard.Count, "bytes");
    }

    private static double Analyse(string[] texts)
    {
        var words = new List<Word>(256);
        var allocated = Begin();
        var started = Stopwatch.GetTimestamp();
        foreach (var text in texts)
        {
            words.Clear();
            TextAnalyzer.English.Analyze(text, words);
        }

        var took = Microseconds(started);
        End(allocated);
        return took;
    }

    private static double Put(Sophia.Memory.Search.IShard shard, string[] texts, List<float[]> vectors, long number)
    {
        var records = new MemoryRecord[texts.Length];
        for (var i = 0; i < records.Length; i++)
        {
            records[i] = new MemoryRecord
            {
                NamespaceId = 1,
                Key = $"note-{number + i}",
                Id = new RecordId(new UInt128((ulong)(number + i) * 0x9e3779b97f4a7c15, 1)),
                Content = Encoding.ASCII.GetBytes(texts[i]),
                ContentType = "text/plain",
                Vector = vectors[i],
                Sequence = Sequence.Of(0, number + i + 1),
            };
        }

        var allocated = Begin();
        var started = Stopwatch.GetTimestamp();
        foreach (var record in records)
        {
            shard.Put(record);
        }

        var took = Microseconds(started);
        End(allocated);
        return took;
    }

    // Collections depend on what else the process holds; they are kept out of the times, and the bytes are told instead.
    private static long Begin()
    {
        if (!GC.TryStartNoGCRegion(100 << 20))
        {
            throw new InvalidOperationException("The collector cannot be held back.");
        }

        return GC.GetAllocatedBytesForCurrentThread();
    }

    /// <returns>Bytes allocated a text.</returns>
    private static double End(long before)
    {
        var bytes = GC.GetAllocatedBytesForCurrentThread() - before;
        GC.EndNoGCRegion();
        return bytes / (double)PerRound;
    }

    private static double Microseconds(long started) => Stopwatch.GetElapsedTime(started).TotalMicroseconds / PerRound;
}
