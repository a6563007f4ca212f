using System.Diagnostics;
using System.Globalization;

namespace Sophia.Bench.Gpu;

/// <summary>The same in torch, a float16 matrix product and topk, on the same device, where Python and torch are there.</summary>
internal static class Torch
{
    private const string Script = """
        import sys, time, torch
        device, rows, dimensions, queries, best, repeats = [int(x) for x in sys.argv[1:]]
        torch.cuda.set_device(device)
        m = torch.nn.functional.normalize(torch.randn(rows, dimensions, device="cuda", dtype=torch.float16))
        q = torch.nn.functional.normalize(torch.randn(queries, dimensions, device="cuda", dtype=torch.float16))
        times = []
        for _ in range(repeats + 1):
            torch.cuda.synchronize()
            start = time.perf_counter()
            torch.topk(q @ m.T, best, dim=1)[0].cpu()
            torch.cuda.synchronize()
            times.append(time.perf_counter() - start)
        print(sorted(times[1:])[repeats // 2], torch.__version__)
        """;

    /// <summary>What is left of the run is worth more than the comparison.</summary>
    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(3);

    /// <param name="own">The median of the scan with as many queries.</param>
    public static void Compare(Arguments arguments, int queries, TimeSpan own, Report report)
    {
        var culture = CultureInfo.InvariantCulture;
        int[] numbers = [arguments.Device, arguments.Rows, arguments.Dimensions, queries, arguments.Best, arguments.Repeats];
        try
        {
            using var process = Process.Start(new ProcessStartInfo("python3", ["-c", Script, .. numbers.Select(n => n.ToString(culture))])
            {
                RedirectStandardOutput = true, RedirectStandardError = true,
            })!;
            using var limit = new Timer(_ => process.Kill(entireProcessTree: true), null, s_patience, Timeout.InfiniteTimeSpan);
            var error = process.StandardError.ReadToEndAsync();
            var answer = process.StandardOutput.ReadToEnd().Split(' ', StringSplitOptions.TrimEntries);
            process.WaitForExit();
            if (process.ExitCode != 0 || answer.Length != 2)
            {
                report.Note($"torch: not compared; it said: {error.Result.Trim().Split('\n')[^1]}");
                return;
            }

            var theirs = double.Parse(answer[0], culture);
            report.Note(string.Create(culture, $"torch {answer[1]}, float16 matmul and topk of {queries} queries over {arguments.Rows:N0} × {arguments.Dimensions}: {theirs * 1e3:F3} ms; this program's float16 scan is {theirs / own.TotalSeconds:F2} times as fast (target ≥ 0.70)."));
        }
        catch (System.ComponentModel.Win32Exception)
        {
            report.Note("torch: not compared; there is no python3.");
        }
    }
}
