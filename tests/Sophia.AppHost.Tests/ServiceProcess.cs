using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Runtime.InteropServices;
using System.Text;
using Sophia.Tests.Infrastructure;

namespace Sophia.AppHost.Tests;

/// <summary>A service as a process of its own, from its build output, with an environment and nothing else of ours.</summary>
internal sealed partial class ServiceProcess : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private readonly StringBuilder _output = new();
    private readonly string _folder = Directory.CreateTempSubdirectory("sophia-service-").FullName;
    private readonly Process _process;

    private ServiceProcess(string file, Uri address, IReadOnlyDictionary<string, string> environment)
    {
        var start = new ProcessStartInfo("dotnet", file)
        {
            WorkingDirectory = _folder, RedirectStandardOutput = true, RedirectStandardError = true,
        };
        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }

        Http = new HttpClient { BaseAddress = address };
        _process = Process.Start(start)!;
        _process.OutputDataReceived += (_, line) => Keep(line.Data);
        _process.ErrorDataReceived += (_, line) => Keep(line.Data);
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    public HttpClient Http { get; }

    /// <summary>Starts it with the recorded variables; only ports, and where data lies, are those of this run.</summary>
    public static ServiceProcess Start(string project, IReadOnlyDictionary<string, string> recorded, int redis, int postgres)
    {
        var own = FreePort.Take();
        string Here(string value) => value
            .Replace(Text(Recording.RedisPort), Text(redis), StringComparison.Ordinal)
            .Replace(Text(Recording.PostgresPort), Text(postgres), StringComparison.Ordinal)
            .Replace(Text(Recording.ApiPort), Text(own), StringComparison.Ordinal)
            .Replace(Text(Recording.GpuTierPort), Text(own), StringComparison.Ordinal);
        var environment = recorded.ToDictionary(pair => pair.Key, pair => Here(pair.Value));
        // In its own folder, and not there yet, as at a first start.
        environment["Sophia__DataDirectory"] = "data";
        return new ServiceProcess(BuildOf(project), new Uri(environment["ASPNETCORE_URLS"]), environment);
    }

    /// <summary>The service's build output, of the configuration of the tests.</summary>
    public static string BuildOf(string project)
    {
        var configuration = AppContext.BaseDirectory.Contains($"{Path.DirectorySeparatorChar}Release{Path.DirectorySeparatorChar}", StringComparison.Ordinal) ? "Release" : "Debug";
        return Path.Combine(Recording.Root, project, "bin", configuration, "net10.0", project + ".dll");
    }

    /// <summary>Starts a published service on a port of its own, by the variable that images use.</summary>
    public static ServiceProcess StartPublished(string file, IDictionary<string, string> environment)
    {
        var port = FreePort.Take();
        return new ServiceProcess(file, new Uri($"http://127.0.0.1:{port}"), new Dictionary<string, string>(environment) { ["HTTP_PORTS"] = Text(port) });
    }

    /// <exception cref="TimeoutException">It did not become healthy; the message has what it printed.</exception>
    public async Task IsHealthyAsync()
    {
        for (var watch = Stopwatch.StartNew(); watch.Elapsed < Patience && !_process.HasExited; await Task.Delay(50))
        {
            try
            {
                using var answer = await Http.GetAsync(new Uri("/health", UriKind.Relative));
                if (answer.StatusCode == HttpStatusCode.OK)
                {
                    return;
                }
            }
            catch (HttpRequestException)
            {
                // It does not listen yet.
            }
        }

        if (_process.HasExited)
        {
            // Waits for what it printed last, too.
            await _process.WaitForExitAsync();
        }

        throw new TimeoutException($"The service is not healthy. It printed:{Environment.NewLine}{Output}");
    }

    /// <summary>Asks it to stop, as Kubernetes does, and gives its exit code.</summary>
    public async Task<int> StopAsync()
    {
        const int Terminate = 15;
        Assert.Equal(0, Kill(_process.Id, Terminate));
        using var patience = new CancellationTokenSource(Patience);
        await _process.WaitForExitAsync(patience.Token);
        return _process.ExitCode;
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
            await _process.WaitForExitAsync();
        }

        _process.Dispose();
        Http.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private string Output
    {
        get
        {
            lock (_output)
            {
                return _output.ToString();
            }
        }
    }

    private void Keep(string? line)
    {
        lock (_output)
        {
            _output.AppendLine(line);
        }
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Kill(int process, int signal);
}
