using System.Diagnostics;
using System.Globalization;
using Npgsql;

namespace Sophia.Tests.Infrastructure;

/// <summary>
/// A real PostgreSQL of its own in a temporary folder, on a free port, with fsync on. As root it runs under an
/// unprivileged user, since PostgreSQL refuses to run as root.
/// </summary>
public sealed class PostgresServer : IDisposable
{
    private static readonly string? Binaries = FindBinaries();
    private static readonly TimeSpan RecoveryPatience = TimeSpan.FromSeconds(60);
    private readonly string _folder;
    private bool _disposed;

    private PostgresServer(string folder, int port)
    {
        _folder = folder;
        Port = port;
    }

    /// <summary>Null when it can be started; otherwise what is missing, to be said by a skipped test.</summary>
    public static string? Missing => Binaries is null ? "PostgreSQL is not installed (Debian: apt-get install postgresql)." : null;

    public int Port { get; }

    public string DataFolder => Path.Combine(_folder, "data");

    public string ConnectionString(string database = "postgres") => string.Create(
        CultureInfo.InvariantCulture, $"Host=127.0.0.1;Port={Port};Username=sophia;Database={database};Timeout=30;Include Error Detail=true");

    /// <exception cref="InvalidOperationException">It did not start; the message has its output.</exception>
    public static PostgresServer StartNew()
    {
        var server = new PostgresServer(NewFolder(), FreePort.Take());
        Run("initdb", "-D", server.DataFolder, "-U", "sophia", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync");
        server.Start();
        AppDomain.CurrentDomain.ProcessExit += (_, _) => server.Dispose();
        return server;
    }

    /// <summary>Starts another server from a base backup and the log that was archived since, and waits until it takes writes.</summary>
    /// <param name="backup">A folder that <see cref="BackUpTo"/> filled; it becomes the server's.</param>
    /// <param name="archive">The folder that archive_command filled.</param>
    /// <exception cref="TimeoutException">It still reads the log.</exception>
    public static async Task<PostgresServer> StartFromAsync(string backup, string archive)
    {
        File.AppendAllText(Path.Combine(backup, "data", "postgresql.auto.conf"), $"archive_mode = 'off'\nrestore_command = 'cp {archive}/%f %p'\n");
        File.WriteAllText(Path.Combine(backup, "data", "recovery.signal"), "");
        var server = new PostgresServer(backup, FreePort.Take());
        server.Start();
        AppDomain.CurrentDomain.ProcessExit += (_, _) => server.Dispose();
        await server.IsRecoveredAsync();
        return server;
    }

    /// <summary>A folder that the server, which may be of another user, can write to.</summary>
    public static string NewFolder()
    {
        var folder = Directory.CreateTempSubdirectory("sophia-postgres-").FullName;
        if (!OperatingSystem.IsWindows() && Environment.IsPrivilegedProcess)
        {
            File.SetUnixFileMode(folder, (UnixFileMode)0b111_111_111);
        }

        return folder;
    }

    /// <summary>A base backup while the server runs, into the folder's data; without the log, which the archive has.</summary>
    public void BackUpTo(string folder) => Run(
        "pg_basebackup", "-h", "127.0.0.1", "-p", Port.ToString(CultureInfo.InvariantCulture), "-U", "sophia", "-D", Path.Combine(folder, "data"), "-X", "none", "--no-sync", "-c", "fast");

    public void Start() => Run(
        "pg_ctl", "-D", DataFolder, "-l", Path.Combine(_folder, "log"), "-w", "-t", "60", "-o",
        string.Create(CultureInfo.InvariantCulture, $"-p {Port} -k {_folder} -c listen_addresses=127.0.0.1 -c max_connections=200"), "start");

    /// <param name="immediate">True ends it without a checkpoint, as a crash does; false disconnects the clients first.</param>
    public void Stop(bool immediate = true) => Run("pg_ctl", "-D", DataFolder, "-w", "-m", immediate ? "immediate" : "fast", "stop");

    public void Dispose()
    {
        if (_disposed)
        {
            return;
        }

        _disposed = true;
        if (File.Exists(Path.Combine(DataFolder, "postmaster.pid")))
        {
            Stop();
        }

        Directory.Delete(_folder, recursive: true);
    }

    // To pg_ctl it has started as soon as it can be read, which it can before it has come to the end of the log.
    private async Task IsRecoveredAsync()
    {
        await using var connection = new NpgsqlConnection(ConnectionString() + ";Pooling=false");
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand("SELECT pg_is_in_recovery()", connection);
        var watch = Stopwatch.StartNew();
        while (await command.ExecuteScalarAsync() is not false)
        {
            if (watch.Elapsed > RecoveryPatience)
            {
                throw new TimeoutException($"PostgreSQL still recovers after {RecoveryPatience.TotalSeconds:N0} s.");
            }

            await Task.Delay(20);
        }
    }

    private static string? FindBinaries()
    {
        const string Packages = "/usr/lib/postgresql";
        return Directory.Exists(Packages)
            ? Directory.EnumerateDirectories(Packages)
                .OrderByDescending(d => int.TryParse(Path.GetFileName(d), CultureInfo.InvariantCulture, out var version) ? version : 0)
                .Select(d => Path.Combine(d, "bin"))
                .FirstOrDefault(d => File.Exists(Path.Combine(d, "initdb")))
            : null;
    }

    private static void Run(string program, params string[] arguments)
    {
        var path = Path.Combine(Binaries ?? throw new InvalidOperationException(Missing), program);
        var start = new ProcessStartInfo { RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = Path.GetTempPath() };
        if (Environment.IsPrivilegedProcess)
        {
            start.FileName = "runuser";
            start.ArgumentList.Add("-u");
            start.ArgumentList.Add(File.ReadLines("/etc/passwd").Any(l => l.StartsWith("postgres:", StringComparison.Ordinal)) ? "postgres" : "nobody");
            start.ArgumentList.Add("--");
            start.ArgumentList.Add(path);
        }
        else
        {
            start.FileName = path;
        }

        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        if (process.ExitCode != 0)
        {
            throw new InvalidOperationException($"{program} ended with {process.ExitCode}: {output} {errors.Result}");
        }
    }
}
