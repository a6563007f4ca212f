using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text;
using Sophia.Tests.Infrastructure;

namespace Sophia.Faults.Tests.Harness;

/// <summary>How one process of the service is started.</summary>
internal sealed record SophiaSettings
{
    /// <summary>The project whose program is started.</summary>
    public string Service { get; init; } = "Sophia.Api";

    public required string DataDirectory { get; init; }

    public string? Postgres { get; init; }

    public string? Redis { get; init; }

    /// <summary>Further settings by name, such as Sophia__NearCapacity.</summary>
    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>();

    /// <summary>
    /// It lives for seconds: the compiler does not improve what ran a few times, which takes half of the processor time of such a process
    /// (3.1 s from its start to its twentieth search, 1.3 to 1.9 s without). False where speed is measured.
    /// </summary>
    public bool IsBrief { get; init; } = true;

    /// <summary>A program and its arguments that run the service as their child, such as strace.</summary>
    public IReadOnlyList<string> Under { get; init; } = [];
}

/// <summary>
/// The built service as a process of its own on a free port of loopback. Its output is kept, to be shown when a test fails;
/// whatever happens to the test, the process and its children are killed at the end.
/// </summary>
internal sealed class SophiaProcess : IAsyncDisposable
{
    private static readonly TimeSpan StartPatience = TimeSpan.FromSeconds(90);
    private static readonly ConcurrentDictionary<SophiaProcess, byte> Running = new();
    private readonly Process _process;
    private readonly StringBuilder _output = new();
    private readonly StringBuilder _errors = new();

    static SophiaProcess() => AppDomain.CurrentDomain.ProcessExit += static (_, _) =>
    {
        foreach (var process in Running.Keys)
        {
            process.Kill();
        }
    };

    private SophiaProcess(Process process, Uri address)
    {
        _process = process;
        Address = address;
        Http = Connect(address);
        Running.TryAdd(this, 0);
        process.OutputDataReceived += (_, line) => Append(_output, line.Data);
        process.ErrorDataReceived += (_, line) => Append(_errors, line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    public Uri Address { get; }

    public HttpClient Http { get; }

    public int Id => _process.Id;

    public bool HasExited => _process.HasExited;

    public int ExitCode => _process.ExitCode;

    /// <summary>Standard output so far: the service's log.</summary>
    public string Output => Read(_output);

    public string Errors => Read(_errors);

    public string Shown => $"--- output of the service on {Address} ---{System.Environment.NewLine}{Output}{Errors}";

    /// <summary>Starts it and waits until it answers.</summary>
    /// <exception cref="InvalidOperationException">It ended, or does not answer; the message has its output.</exception>
    public static async Task<SophiaProcess> StartAsync(SophiaSettings settings)
    {
        var process = Launch(settings);
        try
        {
            var watch = Stopwatch.StartNew();
            while (!await process.IsAliveAsync())
            {
                if (process.HasExited || watch.Elapsed > StartPatience)
                {
                    throw new InvalidOperationException($"The service did not start.{System.Environment.NewLine}{process.Shown}");
                }

                await Task.Delay(20);
            }

            return process;
        }
        catch
        {
            await process.DisposeAsync();
            throw;
        }
    }

    /// <summary>Starts it and waits for nothing.</summary>
    public static SophiaProcess Launch(SophiaSettings settings)
    {
        var address = new Uri(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{FreePort.Take()}"));
        string[] command = [.. settings.Under, "dotnet", ServiceFile(settings.Service), "--urls", address.GetLeftPart(UriPartial.Authority)];
        var start = new ProcessStartInfo(command[0], command[1..])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = Path.GetTempPath(),
        };
        foreach (var name in start.Environment.Keys.Where(IsForeign).ToList())
        {
            start.Environment.Remove(name);
        }

        if (settings.IsBrief)
        {
            // Against the services' own settings: without profiles, and only once no new code has run for a while.
            start.Environment["DOTNET_TieredPGO"] = "0";
            start.Environment["DOTNET_TC_CallCountingDelayMs"] = "100";
        }

        start.Environment["Sophia__DataDirectory"] = settings.DataDirectory;
        if (settings.Service == "Sophia.Api")
        {
            start.Environment["Sophia__Announce"] = "false";
        }

        Set(start, "ConnectionStrings__postgres", settings.Postgres);
        Set(start, "ConnectionStrings__redis", settings.Redis);
        foreach (var (name, value) in settings.Environment)
        {
            start.Environment[name] = value;
        }

        return new SophiaProcess(Process.Start(start)!, address);
    }

    /// <summary>A client with connections of its own.</summary>
    public static HttpClient Connect(Uri address) =>
        new(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = address, Timeout = TimeSpan.FromSeconds(60) };

    /// <summary>Ends it and its children at once (SIGKILL) and waits until they are gone.</summary>
    public void Kill()
    {
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
            _process.WaitForExit();
        }
    }

    /// <summary>Asks it to end (SIGTERM).</summary>
    public void Terminate() => Signals.Terminate(_process.Id);

    /// <summary>It stands still, and is not told of it, until <see cref="Continue"/>.</summary>
    public void Pause() => Signals.Stop(_process.Id);

    public void Continue() => Signals.Continue(_process.Id);

    /// <returns>The exit code.</returns>
    /// <exception cref="TimeoutException">It goes on; the message has its output.</exception>
    public async Task<int> WaitForExitAsync(TimeSpan patience)
    {
        using var limit = new CancellationTokenSource(patience);
        try
        {
            await _process.WaitForExitAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            throw new TimeoutException($"The service did not end within {patience.TotalSeconds:N0} s.{System.Environment.NewLine}{Shown}");
        }

        return _process.ExitCode;
    }

    public ValueTask DisposeAsync()
    {
        Kill();
        Running.TryRemove(this, out _);
        Http.Dispose();
        _process.Dispose();
        return ValueTask.CompletedTask;
    }

    private async Task<bool> IsAliveAsync()
    {
        try
        {
            using var answer = await Http.GetAsync(new Uri("/alive", UriKind.Relative));
            return answer.StatusCode == HttpStatusCode.OK;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }

    // The service's own build output, of the configuration that the tests were built in.
    private static string ServiceFile(string service)
    {
        var framework = new DirectoryInfo(AppContext.BaseDirectory.TrimEnd(Path.DirectorySeparatorChar));
        var configuration = framework.Parent!;
        var root = configuration.Parent!.Parent!.Parent!.Parent!;
        var file = Path.Combine(root.FullName, service, "bin", configuration.Name, framework.Name, $"{service}.dll");
        return File.Exists(file) ? file : throw new FileNotFoundException($"The service is not built: {file}");
    }

    private static bool IsForeign(string name) =>
        name.StartsWith("Sophia", StringComparison.OrdinalIgnoreCase) || name.StartsWith("ASPNETCORE_", StringComparison.Ordinal) ||
        name.StartsWith("ConnectionStrings", StringComparison.OrdinalIgnoreCase) || name.StartsWith("OTEL_", StringComparison.Ordinal);

    private static void Set(ProcessStartInfo start, string name, string? value)
    {
        if (value is not null)
        {
            start.Environment[name] = value;
        }
    }

    private static void Append(StringBuilder text, string? line)
    {
        if (line is not null)
        {
            lock (text)
            {
                text.AppendLine(line);
            }
        }
    }

    private static string Read(StringBuilder text)
    {
        lock (text)
        {
            return text.ToString();
        }
    }
}
