using System.Diagnostics;
using Sophia.Bench.Reporting;
using Sophia.Gpu.Vectors;
using Sophia.Memory.Records;

namespace Sophia.Bench.Vectors;

/// <summary>What the vector, its codes, tags and attributes of a record cost when it is put into a shard; one thread.</summary>
internal static class PutCost
{
    private const int Records = 50_000;
    private const int Rounds = 9;

    public static Task RunAsync(BenchSettings settings, Report report)
    {
        var set = VectorSet.Texts256();
        var vectors = Enumerable.Range(0, 4_096).Select(set.Row).ToArray();
        const string Attributes = """{"kind":"note","rank":17,"done":false,"owner":"alice"}""";
        var plain = Make(null, "");
        var withVector = Make(vectors, "");
        var withColumns = Make(null, Attributes, "red", "green");
        var result = new Alternation(
            Rounds, warmUps: 3, () => Put(plain, 0, false), () => Put(withVector, 256, false), () => Put(withVector, 256, true), () => Put(withColumns, 0, false));
        var note = $"median of {Rounds} rounds of {Records:N0} new records without words, one thread";
        report.Add("a record alone", result.Seconds(0), "µs", note: note);
        report.Add("its vector of 256 in float32", result.Seconds(1) - result.Seconds(0), "µs");
        report.Add("the vector's codes", result.Seconds(2) - result.Seconds(1), "µs", 1, atLeast: false);
        report.Add("two tags and four attributes", result.Seconds(3) - result.Seconds(0), "µs");
        foreach (var dimensions in new[] { 256, 768 })
        {
            var rows = Enumerable.Range(0, 256).Select(VectorSet.Random(dimensions).Row).ToArray();
            var codes = new sbyte[dimensions];
            var encode = new Alternation(Rounds, warmUps: 3, () => Encode(rows, codes));
            report.Add($"coding {dimensions} components", encode.Seconds(0), "µs", dimensions == 256 ? 1 : null, atLeast: false);
        }

        return Task.CompletedTask;
    }

    private static MemoryRecord[] Make(float[][]? vectors, string attributes, params string[] tags) =>
        [.. Enumerable.Range(0, Records).Select(i => ShardText.Record(i, i + 1, "", vectors?[i % vectors.Length], attributes, tags))];

    private static double Put(MemoryRecord[] records, int dimensions, bool isCertified)
    {
        using var shard = ShardText.Shard(dimensions, isCertified);
        var started = Stopwatch.GetTimestamp();
        foreach (var record in records)
        {
            shard.Put(record);
        }

        return Stopwatch.GetElapsedTime(started).TotalMicroseconds / records.Length;
    }

    private static double Encode(float[][] rows, sbyte[] codes)
    {
        const int Times = 40;
        var errors = 0f;
        var started = Stopwatch.GetTimestamp();
        for (var i = 0; i < Times; i++)
        {
            foreach (var row in rows)
            {
                errors += RowCode.Encode(row, codes).Error;
            }
        }

        var microseconds = Stopwatch.GetElapsedTime(started).TotalMicroseconds / (Times * rows.Length);
        return errors > 0 ? microseconds : throw new InvalidOperationException("Codes without an error.");
    }
}
