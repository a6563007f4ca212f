using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using Sophia.Bench.Reporting;
using Sophia.Tests.Infrastructure;

namespace Sophia.Bench.Processes;

/// <summary>A service in a process of its own on a free port; stopped when disposed or when the benchmark ends.</summary>
internal sealed partial class ServiceProcess : IDisposable
{
    private const int Terminate = 15;

    /// <summary>Up to as many, run.sh has no collections beside the writers.</summary>
    private const int FewProcessors = 4;
    private readonly Process _process;
    private readonly Lock _lock = new();
    private readonly Queue<string> _output = new();

    private ServiceProcess(ProcessStartInfo start, int port)
    {
        Port = port;
        start.RedirectStandardOutput = true;
        start.RedirectStandardError = true;
        StartedAt = Stopwatch.GetTimestamp();
        _process = Process.Start(start)!;
        _process.OutputDataReceived += Keep;
        _process.ErrorDataReceived += Keep;
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
        AppDomain.CurrentDomain.ProcessExit += Kill;
        Client = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{port}"), Timeout = TimeSpan.FromMinutes(2) };
    }

    public int Id => _process.Id;

    public int Port { get; }

    public HttpClient Client { get; }

    /// <summary>Stopwatch ticks just before the process was made.</summary>
    public long StartedAt { get; }

    /// <summary>Physical memory that it holds, in bytes.</summary>
    public long ResidentBytes => long.Parse(
        File.ReadLines($"/proc/{Id}/status").First(l => l.StartsWith("VmRSS:", StringComparison.Ordinal))[6..].Replace("kB", "", StringComparison.Ordinal).Trim(),
        CultureInfo.InvariantCulture) * 1024;

    /// <param name="postgres">Connection string; null for SQLite in the data directory.</param>
    /// <param name="variables">Further ones of its environment.</param>
    public static ServiceProcess Sophia(string dataDirectory, string? postgres = null, params ReadOnlySpan<(string Name, string Value)> variables)
    {
        if (!File.Exists(Repository.ApiAssembly))
        {
            throw new InvalidOperationException("Sophia.Api is not built; bench/run.sh builds it.");
        }

        var port = FreePort.Take();
        var start = Dotnet(Repository.ApiAssembly, "--urls", $"http://127.0.0.1:{port}");
        start.Environment["Sophia__DataDirectory"] = dataDirectory;
        if (postgres is not null)
        {
            start.Environment["ConnectionStrings__postgres"] = postgres;
        }

        foreach (var (name, value) in variables)
        {
            start.Environment[name] = value;
        }

        return new ServiceProcess(start, port);
    }

    /// <summary>One of the services with the environment that the AppHost gives it, but for its port.</summary>
    public static ServiceProcess Composed(string assembly, IReadOnlyDictionary<string, string> environment)
    {
        var port = FreePort.Take();
        var start = Dotnet(assembly);
        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }

        start.Environment["ASPNETCORE_URLS"] = $"http://127.0.0.1:{port}";
        return new ServiceProcess(start, port);
    }

    /// <summary>A node of L0, whose shards the services of one PostgreSQL ask.</summary>
    public static ServiceProcess Node(string dataDirectory, string postgres)
    {
        var port = FreePort.Take();
        var start = Dotnet(Repository.AssemblyOf("Sophia.GpuTier"), "--urls", $"http://127.0.0.1:{port}");
        start.Environment["Sophia__DataDirectory"] = dataDirectory;
        start.Environment["ConnectionStrings__postgres"] = postgres;
        start.Environment["Sophia__Cluster__NodePort"] = start.Environment["Sophia__Cluster__GatewayPort"] = "0";
        return new ServiceProcess(start, port);
    }

    /// <summary>The rival: it runs under the service's own runtime settings (garbage collector, tiering).</summary>
    public static ServiceProcess Bare(string bodyFile)
    {
        var port = FreePort.Take();
        return new ServiceProcess(
            Dotnet(
                "exec", "--runtimeconfig", Path.ChangeExtension(Repository.ApiAssembly, ".runtimeconfig.json"),
                "--depsfile", Path.ChangeExtension(typeof(ServiceProcess).Assembly.Location, ".deps.json"),
                typeof(ServiceProcess).Assembly.Location, "bare-endpoint", "--port", port.ToString(CultureInfo.InvariantCulture), "--body", bodyFile),
            port);
    }

    /// <summary>Waits for a GET of the path to be answered with success, trying every 2 ms.</summary>
    /// <returns>The time from the start of the process until then.</returns>
    public async Task<TimeSpan> AnsweredAsync(string path)
    {
        while (Stopwatch.GetElapsedTime(StartedAt) < TimeSpan.FromMinutes(1))
        {
            if (_process.HasExited)
            {
                throw new InvalidOperationException($"The service ended with {_process.ExitCode}: {Output}");
            }

            try
            {
                using var answer = await Client.GetAsync(new Uri(path, UriKind.Relative));
                if (answer.IsSuccessStatusCode)
                {
                    return Stopwatch.GetElapsedTime(StartedAt);
                }
            }
            catch (HttpRequestException)
            {
                // It does not listen yet.
            }

            await Task.Delay(2);
        }

        throw new TimeoutException($"The service does not answer GET {path}: {Output}");
    }

    /// <summary>Asks it to end and waits until it has.</summary>
    public void Stop()
    {
        if (!_process.HasExited)
        {
            _ = kill(Id, Terminate);
            if (!_process.WaitForExit(TimeSpan.FromSeconds(30)))
            {
                _process.Kill();
                throw new TimeoutException($"The service did not end in 30 s after it was asked to: {Output}");
            }
        }
    }

    public void Dispose()
    {
        AppDomain.CurrentDomain.ProcessExit -= Kill;
        Kill(null, EventArgs.Empty);
        Client.Dispose();
        _process.Dispose();
    }

    private static ProcessStartInfo Dotnet(params string[] arguments)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath is { } path && Path.GetFileNameWithoutExtension(path) == "dotnet" ? path : "dotnet");
        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        // As run.sh starts the service.
        start.Environment.TryAdd("DOTNET_GCgen0size", "0x6000000");
        if (Environment.ProcessorCount <= FewProcessors)
        {
            start.Environment.TryAdd("DOTNET_gcConcurrent", "0");
        }

        return start;
    }

    public string Output
    {
        get
        {
            lock (_lock)
            {
                return string.Join('\n', _output);
            }
        }
    }

    private void Keep(object sender, DataReceivedEventArgs line)
    {
        lock (_lock)
        {
            _output.Enqueue(line.Data ?? "");
            if (_output.Count > 40)
            {
                _output.Dequeue();
            }
        }
    }

    private void Kill(object? sender, EventArgs e)
    {
        if (!_process.HasExited)
        {
            _process.Kill();
            _process.WaitForExit();
        }
    }

    [LibraryImport("libc")]
    private static partial int kill(int process, int signal);
}
