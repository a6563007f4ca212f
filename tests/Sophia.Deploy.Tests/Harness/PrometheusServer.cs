using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Sophia.Tests.Infrastructure;

namespace Sophia.Deploy.Tests.Harness;

/// <summary>A real Prometheus that reads services of this machine each second, with the labels that it has in a cluster, and has rules.</summary>
internal sealed class PrometheusServer : IAsyncDisposable
{
    private static readonly string? Binary = new[] { Environment.GetEnvironmentVariable("SOPHIA_PROMETHEUS"), "/usr/bin/prometheus", "/usr/local/bin/prometheus" }.FirstOrDefault(File.Exists);

    private readonly string _folder = Directory.CreateTempSubdirectory("sophia-prometheus-").FullName;
    private readonly Process _process;
    private readonly HttpClient _http;
    private readonly Task<string> _said;

    /// <param name="rules">A file of rules as Prometheus reads it.</param>
    /// <param name="targets">Where each pod answers, by job.</param>
    public PrometheusServer(string rules, params (string Job, string Pod, Uri Address)[] targets)
    {
        var port = FreePort.Take();
        File.WriteAllText(Path.Combine(_folder, "rules.yaml"), rules);
        File.WriteAllText(Path.Combine(_folder, "prometheus.yaml"), JsonSerializer.Serialize(new
        {
            global = new { scrape_interval = "1s", evaluation_interval = "1s" },
            rule_files = new[] { "rules.yaml" },
            scrape_configs = targets.Select(t => new
            {
                job_name = t.Job, static_configs = new[] { new { targets = new[] { t.Address.Authority }, labels = new { @namespace = "sophia-ai-enhanced", pod = t.Pod } } },
            }),
        }));
        _process = Process.Start(new ProcessStartInfo(
            Binary ?? throw new InvalidOperationException(Missing),
            [$"--config.file={_folder}/prometheus.yaml", $"--storage.tsdb.path={_folder}/data", string.Create(CultureInfo.InvariantCulture, $"--web.listen-address=127.0.0.1:{port}")])
        { RedirectStandardError = true })!;
        _said = _process.StandardError.ReadToEndAsync();
        _http = new HttpClient { BaseAddress = new Uri(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{port}")) };
    }

    /// <summary>Null when it can be started; otherwise what is missing, to be said by a skipped test.</summary>
    public static string? Missing => Binary is null ? "Prometheus is not installed (Debian: apt-get install prometheus)." : null;

    /// <summary>What an expression gives now: each series' labels and its value, which may be NaN.</summary>
    /// <exception cref="InvalidOperationException">Prometheus cannot read the expression, or is not there; the message has what it says.</exception>
    public async Task<IReadOnlyList<(JsonElement Labels, string Value)>> QueryAsync(string expression) =>
        [.. (await GetAsync($"/api/v1/query?query={Uri.EscapeDataString(expression)}")).GetProperty("result").EnumerateArray().Select(r => (r.GetProperty("metric"), r.GetProperty("value")[1].GetString()!))];

    /// <summary>Its rules, after each was evaluated.</summary>
    public async Task<IReadOnlyList<JsonElement>> RulesAsync() =>
        [.. (await GetAsync("/api/v1/rules")).GetProperty("groups").EnumerateArray().SelectMany(g => g.GetProperty("rules").EnumerateArray())];

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited) _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
        _http.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private async Task<JsonElement> GetAsync(string path)
    {
        for (var watch = Stopwatch.StartNew(); ; await Task.Delay(50))
        {
            try
            {
                var answer = JsonElement.Parse(await (await _http.GetAsync(new Uri(path, UriKind.Relative))).Content.ReadAsStringAsync());
                return answer.GetProperty("status").GetString() == "success" ? answer.GetProperty("data") : throw new InvalidOperationException($"{path}: {answer}");
            }
            catch (Exception error) when (error is HttpRequestException or JsonException)
            {
                // It does not listen yet, or is not ready.
                if (_process.HasExited) throw new InvalidOperationException(await _said, error);
                if (watch.Elapsed > TimeSpan.FromSeconds(30)) throw new InvalidOperationException("Prometheus does not answer.", error);
            }
        }
    }
}
