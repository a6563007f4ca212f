using System.ComponentModel;
using System.Diagnostics;
using Microsoft.Extensions.Configuration;

namespace Sophia.AppHost;

/// <summary>What Redis and PostgreSQL run as on a developer's machine.</summary>
internal enum LocalEngine
{
    /// <summary>Containers; what publishing always takes.</summary>
    Containers,

    /// <summary>redis-server and postgres, as they are installed.</summary>
    Programs,

    /// <summary>Neither: the API keeps L1 in its memory and L3 in SQLite.</summary>
    Embedded,
}

internal static class LocalEngines
{
    /// <summary>Whether the projects are built with Snowflake.Data.</summary>
    public static bool HasSnowflakeDriver =>
#if SNOWFLAKE_DATA
        true;
#else
        false;
#endif

    /// <summary>
    /// What LocalEngines says (containers, programs or embedded); without it, containers where an engine answers,
    /// and otherwise what is installed, after one sentence that says so.
    /// </summary>
    /// <exception cref="DistributedApplicationException">The setting is none of the three.</exception>
    public static LocalEngine Choose(IDistributedApplicationBuilder builder)
    {
        if (builder.ExecutionContext.IsPublishMode)
        {
            return LocalEngine.Containers;
        }

        if (builder.Configuration["LocalEngines"] is { Length: > 0 } asked)
        {
            return Enum.TryParse<LocalEngine>(asked, ignoreCase: true, out var engine) && Enum.IsDefined(engine) && !char.IsAsciiDigit(asked[0])
                ? engine
                : throw new DistributedApplicationException($"LocalEngines is '{asked}'. It may be containers, programs or embedded.");
        }

        if (Answers("docker") || Answers("podman"))
        {
            return LocalEngine.Containers;
        }

        var (choice, why) = Environment.IsPrivilegedProcess
            ? (LocalEngine.Embedded, ", and PostgreSQL does not run for this privileged user: the API keeps everything in its own process.")
            : LocalPrograms.Redis is null || LocalPrograms.Postgres is null
                ? (LocalEngine.Embedded, ", and redis-server and postgres are not both installed: the API keeps everything in its own process.")
                : (LocalEngine.Programs, ": Redis and PostgreSQL run as the programs installed here; LocalEngines=embedded runs without them.");
        Console.WriteLine($"No container engine answers (docker, podman){why}");
        return choice;
    }

    /// <summary>A file of a local engine, in a folder that git ignores.</summary>
    public static string DataFile(IDistributedApplicationBuilder builder, string name)
    {
        var folder = Path.GetFullPath(Path.Combine(builder.AppHostDirectory, "..", "data", "apphost"));
        Directory.CreateDirectory(folder);
        return Path.Combine(folder, name);
    }

    /// <summary>Whether an engine stands behind the command: the command alone says nothing.</summary>
    private static bool Answers(string command)
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo(command, "info") { RedirectStandardOutput = true, RedirectStandardError = true })!;
            process.OutputDataReceived += static (_, _) => { };
            process.ErrorDataReceived += static (_, _) => { };
            process.BeginOutputReadLine();
            process.BeginErrorReadLine();
            if (process.WaitForExit(TimeSpan.FromSeconds(5)))
            {
                return process.ExitCode == 0;
            }

            process.Kill(entireProcessTree: true);
            return false;
        }
        catch (Win32Exception)
        {
            return false; // There is no such command.
        }
    }
}
