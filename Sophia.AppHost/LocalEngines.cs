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
            if (!Enum.TryParse<LocalEngine>(asked, ignoreCase: true, out var engine) || !Enum.IsDefined(engine) || char.IsAsciiDigit(asked[0]))
            {
                throw new DistributedApplicationException($"LocalEngines is '{asked}'. It may be containers, programs or embedded.");
            }

            if (Doubt(engine, Environment.IsPrivilegedProcess) is { } doubt)
            {
                Console.WriteLine(doubt);
            }

            return engine;
        }

        if (Answers("docker") || Answers("podman"))
        {
            return LocalEngine.Containers;
        }

        var (choice, sentence) = WithoutContainers(Environment.IsPrivilegedProcess, LocalPrograms.Redis is not null && LocalPrograms.Postgres is not null);
        Console.WriteLine(sentence);
        return choice;
    }

    /// <summary>What is taken where no container engine answers, and the sentence that says so and what else there is.</summary>
    /// <param name="isPrivileged">Whether the user is root, for whom PostgreSQL refuses to run.</param>
    /// <param name="hasPrograms">Whether redis-server and postgres are installed.</param>
    internal static (LocalEngine Choice, string Sentence) WithoutContainers(bool isPrivileged, bool hasPrograms)
    {
        var (choice, why) = isPrivileged
            ? (LocalEngine.Embedded, ", and PostgreSQL does not run for this privileged user: the API keeps everything in its own process; for another user installed redis-server and postgres run.")
            : hasPrograms
                ? (LocalEngine.Programs, ": Redis and PostgreSQL run as the programs installed here; LocalEngines=embedded runs without them.")
                : (LocalEngine.Embedded, ", and redis-server and postgres are not both installed: the API keeps everything in its own process; once they are, they run.");
        return (choice, $"No container engine answers (docker, podman){why}");
    }

    /// <summary>Why the choice will not work, though the rest of the system is started; null when it may.</summary>
    internal static string? Doubt(LocalEngine chosen, bool isPrivileged) => chosen == LocalEngine.Programs && isPrivileged
        ? "PostgreSQL will not start, since it does not run for this privileged user: run the AppHost as another user, or with LocalEngines=embedded." : null;

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
