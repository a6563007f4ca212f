using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Sophia.Tests.Infrastructure;

/// <summary>A real Redis of its own on a free port, without persistence: what it held is gone after a stop.</summary>
public sealed class RedisServer : IDisposable
{
    private static readonly string? Binary = new[] { "/usr/bin", "/usr/local/bin", "/opt/homebrew/bin" }
        .Select(d => Path.Combine(d, "redis-server")).FirstOrDefault(File.Exists);

    private readonly string _folder = Directory.CreateTempSubdirectory("sophia-redis-").FullName;
    private Process? _process;
    private bool _disposed;

    private readonly string? _password;

    private RedisServer(int port, string? password)
    {
        Port = port;
        _password = password;
    }

    /// <summary>Null when it can be started; otherwise what is missing, to be said by a skipped test.</summary>
    public static string? Missing => Binary is null ? "Redis is not installed (Debian: apt-get install redis-server)." : null;

    public int Port { get; }

    public string ConnectionString => string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{Port},abortConnect=false,connectTimeout=2000");

    /// <param name="password">What clients must give; null lets all in.</param>
    public static RedisServer StartNew(string? password = null)
    {
        var server = new RedisServer(FreePort.Take(), password);
        server.Start();
        AppDomain.CurrentDomain.ProcessExit += (_, _) => server.Dispose();
        return server;
    }

    /// <exception cref="InvalidOperationException">It does not answer after 10 seconds.</exception>
    public void Start()
    {
        var port = Port.ToString(CultureInfo.InvariantCulture);
        var start = new ProcessStartInfo(Binary ?? throw new InvalidOperationException(Missing))
        {
            WorkingDirectory = _folder,
            RedirectStandardOutput = true,
        };
        foreach (var argument in new[] { "--port", port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", _folder })
        {
            start.ArgumentList.Add(argument);
        }

        if (_password is not null)
        {
            start.ArgumentList.Add("--requirepass");
            start.ArgumentList.Add(_password);
        }

        _process = Process.Start(start)!;
        _process.OutputDataReceived += static (_, _) => { };
        _process.BeginOutputReadLine();
        for (var watch = Stopwatch.StartNew(); ;)
        {
            if (Answers())
            {
                return;
            }

            if (watch.Elapsed > TimeSpan.FromSeconds(10) || _process.HasExited)
            {
                throw new InvalidOperationException($"redis-server does not answer on port {port}.");
            }

            Thread.Sleep(20);
        }
    }

    /// <summary>Ends it at once, as a crash does.</summary>
    public void Stop()
    {
        if (_process is { } process)
        {
            process.Kill();
            process.WaitForExit();
            process.Dispose();
            _process = null;
        }
    }

    public void Dispose()
    {
        if (!_disposed)
        {
            _disposed = true;
            Stop();
            Directory.Delete(_folder, recursive: true);
        }
    }

    private bool Answers()
    {
        try
        {
            using var client = new TcpClient();
            client.Connect(IPAddress.Loopback, Port);
            client.ReceiveTimeout = 1000;
            using var stream = client.GetStream();
            stream.Write("PING\r\n"u8);
            return stream.ReadByte() == (_password is null ? '+' : '-');
        }
        catch (Exception e) when (e is SocketException or IOException)
        {
            return false;
        }
    }
}
