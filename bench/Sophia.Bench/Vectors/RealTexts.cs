using System.Globalization;
using Sophia.Bench.Reporting;

namespace Sophia.Bench.Vectors;

/// <summary>Codes beside float32 on vectors of real texts, and how often and how much they leave to float32.</summary>
internal static class RealTexts
{
    private const int Rows = 100_000;
    private const int PerTurn = 20;
    private const int Rounds = 9;

    public static Task RunAsync(BenchSettings settings, Report report)
    {
        foreach (var set in new[] { VectorSet.Texts256(), VectorSet.Texts768(), VectorSet.Random(256) })
        {
            using var single = new LoadedPages(set, Rows, isCertified: false);
            using var certified = new LoadedPages(set, Rows, isCertified: true);
            foreach (var k in new[] { 10, 116 })
            {
                var next = 0;
                int Next() => next += PerTurn;
                using var counts = new ScanCounts();
                var result = new Alternation(
                    Rounds, warmUps: 3,
                    () => single.One(Next(), PerTurn, k).Seconds / PerTurn,
                    () =>
                    {
                        counts.Clear();
                        return certified.One(Next(), PerTurn, k).Seconds / PerTurn;
                    });
                counts.Clear();
                certified.One(1_000, 200, k);
                var what = string.Create(CultureInfo.InvariantCulture, $"{set.Name}, {Rows:N0} × {set.Dimensions}, k = {k}");
                report.Add($"{what}, float32", 1 / result.Seconds(0), "queries/s");
                report.Add($"{what}, certified to float32", result.Speed(1, 0), "times", k == 10 ? 3.5 : null, note: $"{1 / result.Seconds(1):0} queries/s");
                report.Add($"{what}, queries left to float32", counts.TakenOver, "of 1", note: "of 200");
                report.Add($"{what}, rows scored again", counts.Rescored / 200.0 / Rows, "of 1");
            }
        }

        return Task.CompletedTask;
    }
}
