using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using Microsoft.Extensions.DependencyInjection;

namespace Sophia.AppHost;

/// <summary>Redis as a program of this machine, on loopback, keeping nothing.</summary>
internal sealed class RedisProgramResource(string name, string command, string folder, ParameterResource password) : ExecutableResource(name, command, folder), IResourceWithConnectionString
{
    public ReferenceExpression ConnectionStringExpression =>
        ReferenceExpression.Create($"{this.GetEndpoint("tcp").Property(EndpointProperty.HostAndPort)},password={password}");
}

/// <summary>PostgreSQL as a program of this machine, on loopback, with its data in a folder of its own.</summary>
internal sealed class PostgresProgramResource(string name, string command, string folder, ParameterResource password) : ExecutableResource(name, command, folder), IResourceWithConnectionString
{
    public ReferenceExpression ConnectionStringExpression => ReferenceExpression.Create(
        $"Host={this.GetEndpoint("tcp").Property(EndpointProperty.Host)};Port={this.GetEndpoint("tcp").Property(EndpointProperty.Port)};Username=sophia;Password={password};Database=postgres");
}

internal static class LocalPrograms
{
    private const string PasswordFile = "password";

    /// <summary>Null where it is not installed.</summary>
    public static string? Redis { get; } = Find("redis-server", []);

    /// <summary>Null where it is not installed. Debian keeps it out of the path.</summary>
    public static string? Postgres { get; } = Find("postgres", Directory.Exists("/usr/lib/postgresql")
        ? Directory.GetDirectories("/usr/lib/postgresql")
            .OrderByDescending(d => int.TryParse(Path.GetFileName(d), CultureInfo.InvariantCulture, out var version) ? version : 0)
            .Select(d => Path.Combine(d, "bin"))
        : []);

    /// <exception cref="DistributedApplicationException">It is not installed.</exception>
    public static IResourceBuilder<RedisProgramResource> AddRedisProgram(this IDistributedApplicationBuilder builder, [ResourceName] string name)
    {
        var folder = Folder(builder, name);
        var password = Password(builder, name, folder);
        // Not as an argument: those are in the list of processes, which every user sees.
        var settings = Path.Combine(folder, "redis.conf");
        WriteForUserAlone(settings, $"requirepass {File.ReadAllText(Path.Combine(folder, PasswordFile))}\n");
        var redis = new RedisProgramResource(name, Redis ?? throw Missing("redis-server"), folder, password.Resource);
        return builder.AddResource(redis)
            .WithEndpoint(name: "tcp", scheme: "tcp")
            .WithArgs(context =>
            {
                context.Args.Add(settings);
                context.Args.Add("--port");
                context.Args.Add(redis.GetEndpoint("tcp").Property(EndpointProperty.TargetPort));
                context.Args.Add("--bind");
                context.Args.Add("127.0.0.1");
                context.Args.Add("--save");
                context.Args.Add("");
            })
            .WithIconName("Flash")
            .WithCheck((checks, key, connection) => checks.AddRedis(_ => connection(), key));
    }

    /// <summary>Its data folder is made at the first start, for the user sophia with a password that is kept beside it.</summary>
    /// <exception cref="DistributedApplicationException">It is not installed.</exception>
    public static IResourceBuilder<PostgresProgramResource> AddPostgresProgram(this IDistributedApplicationBuilder builder, [ResourceName] string name)
    {
        var folder = Folder(builder, name);
        var command = Postgres ?? throw Missing("postgres");
        var postgres = new PostgresProgramResource(name, command, folder, Password(builder, name, folder).Resource);
        return builder.AddResource(postgres)
            .WithEndpoint(name: "tcp", scheme: "tcp")
            .WithArgs(context =>
            {
                context.Args.Add("-D");
                context.Args.Add(Path.Combine(folder, "data"));
                context.Args.Add("-p");
                context.Args.Add(postgres.GetEndpoint("tcp").Property(EndpointProperty.TargetPort));
                context.Args.Add("-k");
                context.Args.Add(folder);
                context.Args.Add("-c");
                context.Args.Add("listen_addresses=127.0.0.1");
            })
            .WithIconName("DatabaseMultiple")
            .WithCheck((checks, key, connection) => checks.AddNpgSql(_ => connection(), name: key))
            .OnBeforeResourceStarted((_, _, token) => InitialiseAsync(command, folder, token));
    }

    /// <summary>Makes the data folder in the resource's, where there is none.</summary>
    /// <exception cref="DistributedApplicationException">initdb failed; the message has what it said.</exception>
    private static async Task InitialiseAsync(string postgres, string folder, CancellationToken cancellationToken)
    {
        var data = Path.Combine(folder, "data");
        if (File.Exists(Path.Combine(data, "PG_VERSION")))
        {
            return;
        }

        var start = new ProcessStartInfo(Path.Combine(Path.GetDirectoryName(postgres)!, "initdb")) { RedirectStandardError = true, RedirectStandardOutput = true };
        foreach (var argument in new[] { "-D", data, "-U", "sophia", "-A", "scram-sha-256", $"--pwfile={Path.Combine(folder, PasswordFile)}", "-E", "UTF8", "--locale=C.UTF-8" })
        {
            start.ArgumentList.Add(argument);
        }

        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync(cancellationToken);
        var errors = await process.StandardError.ReadToEndAsync(cancellationToken);
        await output;
        await process.WaitForExitAsync(cancellationToken);
        if (process.ExitCode != 0)
        {
            throw new DistributedApplicationException($"PostgreSQL's data folder {data} could not be made: {errors.Trim()} LocalEngines=embedded runs without PostgreSQL.");
        }
    }

    /// <summary>What waits for the program waits until its protocol answers.</summary>
    private static IResourceBuilder<T> WithCheck<T>(this IResourceBuilder<T> program, Action<IHealthChecksBuilder, string, Func<string>> add)
        where T : IResourceWithConnectionString
    {
        string? connection = null;
        var key = $"{program.Resource.Name}_check";
        add(program.ApplicationBuilder.Services.AddHealthChecks(), key, () => connection ?? throw new InvalidOperationException("The connection string is not known yet."));
        return program.WithHealthCheck(key)
            .OnConnectionStringAvailable(async (resource, _, token) => connection = await resource.ConnectionStringExpression.GetValueAsync(token));
    }

    /// <summary>A password that is made once and kept beside the data: loopback is open to every user of the machine.</summary>
    private static IResourceBuilder<ParameterResource> Password(IDistributedApplicationBuilder builder, string name, string folder)
    {
        var file = Path.Combine(folder, PasswordFile);
        if (!File.Exists(file))
        {
            WriteForUserAlone(file, RandomNumberGenerator.GetHexString(32, lowercase: true));
        }

        return builder.AddParameter($"{name}-password", File.ReadAllText(file), secret: true);
    }

    private static void WriteForUserAlone(string file, string text)
    {
        var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        using var writer = new StreamWriter(file, options);
        writer.Write(text);
    }

    private static string Folder(IDistributedApplicationBuilder builder, string name)
    {
        var folder = LocalEngines.DataFile(builder, name);
        Directory.CreateDirectory(folder);
        return folder;
    }

    private static DistributedApplicationException Missing(string program) => new(
        $"{program} is not installed (Debian: apt-get install redis-server postgresql). LocalEngines=embedded runs without it.");

    private static string? Find(string program, IEnumerable<string> elsewhere) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
            .Concat(elsewhere).Select(folder => Path.Combine(folder, program)).FirstOrDefault(File.Exists);
}
