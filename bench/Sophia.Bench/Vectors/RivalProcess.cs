using System.Diagnostics;
using System.Globalization;
using Sophia.Bench.Reporting;

namespace Sophia.Bench.Vectors;

/// <summary>
/// Another library in a process of its own, which has its data in memory and is asked round by round, so that it can be
/// measured in turns with Sophia. It says its version in its first line.
/// </summary>
internal sealed class RivalProcess : IDisposable
{
    private readonly Process _process;

    private RivalProcess(Process process, string version)
    {
        _process = process;
        Version = version;
        AppDomain.CurrentDomain.ProcessExit += Kill;
    }

    public string Version { get; }

    private static string Scripts => Path.Combine(Repository.Root, "bench", "rivals");

    /// <summary>USearch from npm, installed into the folder; null, and a row that says why, where it can't be had.</summary>
    public static RivalProcess? USearch(string folder, VectorFiles files, int k, Report report)
    {
        if (!Directory.Exists(Path.Combine(folder, "node_modules", "usearch")) &&
            Run("npm", folder, "install", "usearch", "--no-audit", "--no-fund", "--loglevel=error") is { } failure)
        {
            report.Skip("USearch", $"npm install usearch: {failure}");
            return null;
        }

        return Start("USearch", "node", folder, report, [Path.Combine(Scripts, "usearch.mjs"), .. files.Arguments(k)]);
    }

    /// <summary>numpy on OpenBLAS, and FAISS where it is there, as the system's python has them; null, and a row that says why, where not.</summary>
    public static RivalProcess? Blas(string folder, VectorFiles files, int k, Report report)
    {
        var rival = Start(
            "OpenBLAS", File.Exists("/usr/bin/python3") ? "/usr/bin/python3" : "python3", folder, report,
            [Path.Combine(Scripts, "blas.py"), .. files.Arguments(k)]);
        if (rival is not null && rival.Version.Contains("NO OPENBLAS", StringComparison.Ordinal))
        {
            report.Skip("OpenBLAS", $"{rival.Version}; Debian: apt-get install python3-numpy libopenblas0");
            rival.Dispose();
            return null;
        }

        return rival;
    }

    /// <summary>Seconds that the rival says it took, and the keys of its last query where it says them.</summary>
    public (double Seconds, int[] Keys) Ask(string question)
    {
        _process.StandardInput.WriteLine(question);
        var answer = _process.StandardOutput.ReadLine()?.Split(' ') ?? throw new InvalidOperationException($"{Version} ended.");
        return (double.Parse(answer[0], CultureInfo.InvariantCulture), [.. answer.Skip(1).Select(key => int.Parse(key, CultureInfo.InvariantCulture))]);
    }

    public void Dispose()
    {
        AppDomain.CurrentDomain.ProcessExit -= Kill;
        Kill(null, EventArgs.Empty);
        _process.Dispose();
    }

    private static RivalProcess? Start(string name, string program, string folder, Report report, string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { WorkingDirectory = folder, RedirectStandardInput = true, RedirectStandardOutput = true };
        Process process;
        try
        {
            process = Process.Start(start)!;
        }
        catch (System.ComponentModel.Win32Exception error)
        {
            report.Skip(name, $"{program}: {error.Message}");
            return null;
        }

        if (process.StandardOutput.ReadLine() is { } version)
        {
            return new RivalProcess(process, version);
        }

        process.WaitForExit();
        report.Skip(name, $"{program} ended with {process.ExitCode}");
        process.Dispose();
        return null;
    }

    /// <summary>Null when it went well.</summary>
    private static string? Run(string program, string folder, params string[] arguments)
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo(program, arguments) { WorkingDirectory = folder, RedirectStandardOutput = true })!;
            process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            return process.ExitCode == 0 ? null : $"ended with {process.ExitCode}";
        }
        catch (System.ComponentModel.Win32Exception error)
        {
            return error.Message;
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
}
