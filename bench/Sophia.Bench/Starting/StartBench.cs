using System.Diagnostics;
using System.Net.Http.Json;
using System.Text.Json;
using Sophia.Bench.Processes;
using Sophia.Bench.Reporting;
using Sophia.Bench.Writes;

namespace Sophia.Bench.Starting;

/// <summary>
/// From the start of the process to the first answers, over stored records; the build is warm and so are the files in
/// the system's cache, as when a service is started again.
/// </summary>
internal static class StartBench
{
    private const int Records = 100_000;
    private const int BatchSize = 500;
    private const string Memories = "/v1/namespaces/bench/memories";

    public static async Task RunAsync(BenchSettings settings, Report report)
    {
        var folder = settings.Folder("start");
        Report.Progress($"storing {Records:N0} records of 512 bytes");
        await StoreAsync(folder);
        var starts = settings.IsQuick ? 2 : 5;
        var (gets, searches, took, resident) = (new List<double>(), new List<double>(), new List<double>(), new List<double>());
        for (var i = 0; i < starts; i++)
        {
            using var service = ServiceProcess.Sophia(folder);
            gets.Add((await service.AnsweredAsync($"{Memories}/note-{Records / 2}")).TotalSeconds);
            var asked = Stopwatch.GetTimestamp();
            using var answer = await service.Client.PostAsJsonAsync("/v1/namespaces/bench/search", new { query = "redistribution of modified versions", timeoutMs = 60_000 });
            answer.EnsureSuccessStatusCode();
            var found = await answer.Content.ReadFromJsonAsync<JsonElement>();
            searches.Add(Stopwatch.GetElapsedTime(service.StartedAt).TotalSeconds);
            took.Add(Stopwatch.GetElapsedTime(asked).TotalSeconds);
            if (found.GetProperty("hits").GetArrayLength() == 0 || found.GetProperty("scanned").GetInt64() < Records)
            {
                throw new InvalidOperationException($"The search did not see all records: {found.GetProperty("scanned")} of {Records}.");
            }

            resident.Add(service.ResidentBytes / 1e6);
            Report.Progress($"start {i + 1}: GET {gets[^1]:0.00} s, search {searches[^1]:0.00} s, {resident[^1]:0} MB");
            service.Stop();
        }

        report.Add("process start to the first answered GET of a stored record", Statistics.Median(gets), "s", 2, atLeast: false, note: $"median of {starts}");
        report.Add("process start to the first search answered over 100,000 records", Statistics.Median(searches), "s", 5, atLeast: false, note: $"median of {starts}, hybrid; of it the search {Statistics.Median(took):0.00} s");
        report.Add("resident memory after it", Statistics.Median(resident), "MB", 500, atLeast: false, note: $"median of {starts}, VmRSS; at most {resident.Max():0} MB");
    }

    private static async Task StoreAsync(string folder)
    {
        var text = EnglishText.Load();
        using var service = ServiceProcess.Sophia(folder);
        await service.AnsweredAsync("/alive");
        for (var first = 0; first < Records; first += BatchSize)
        {
            var items = Enumerable.Range(first, BatchSize).Select(i => new { key = $"note-{i}", content = System.Text.Encoding.ASCII.GetString(text.Slice(i)) });
            using var answer = await service.Client.PostAsJsonAsync(Memories, new { items });
            answer.EnsureSuccessStatusCode();
        }

        service.Stop();
    }
}
