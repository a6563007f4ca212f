using System.Diagnostics;
using System.Globalization;
using Microsoft.Extensions.DependencyInjection;

namespace Sophia.AppHost;

/// <summary>Redis as a program of this machine, on loopback, keeping nothing.</summary>
internal sealed class RedisProgramResource(string name, string command, string folder) : ExecutableResource(name, command, folder), IResourceWithConnectionString
{
    public ReferenceExpression ConnectionStringExpression =>
        ReferenceExpression.Create($"{this.GetEndpoint("tcp").Property(EndpointProperty.HostAndPort)}");
}

/// <summary>PostgreSQL as a program of this machine, on loopback, with its data in a folder of its own.</summary>
internal sealed class PostgresProgramResource(string name, string command, string folder) : ExecutableResource(name, command, folder), IResourceWithConnectionString
{
    public ReferenceExpression ConnectionStringExpression => ReferenceExpression.Create(
        $"Host={this.GetEndpoint("tcp").Property(EndpointProperty.Host)};Port={this.GetEndpoint("tcp").Property(EndpointProperty.Port)};Username=sophia;Database=postgres");
}

internal static class LocalPrograms
{
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
        var redis = new RedisProgramResource(name, Redis ?? throw Missing("redis-server"), folder);
        return builder.AddResource(redis)
            .WithEndpoint(name: "tcp", scheme: "tcp")
            .WithArgs(context =>
            {
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

    /// <summary>Its data folder is made at the first start, for the user sophia without a password.</summary>
    /// <exception cref="DistributedApplicationException">It is not installed.</exception>
    public static IResourceBuilder<PostgresProgramResource> AddPostgresProgram(this IDistributedApplicationBuilder builder, [ResourceName] string name)
    {
        var folder = Folder(builder, name);
        var command = Postgres ?? throw Missing("postgres");
        var postgres = new PostgresProgramResource(name, command, folder);
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
            .OnBeforeResourceStarted((_, _, token) => InitialiseAsync(command, Path.Combine(folder, "data"), token));
    }

    /// <summary>Makes the data folder where there is none.</summary>
    /// <exception cref="DistributedApplicationException">initdb failed; the message has what it said.</exception>
    internal static async Task InitialiseAsync(string postgres, string data, CancellationToken cancellationToken)
    {
        if (File.Exists(Path.Combine(data, "PG_VERSION")))
        {
            return;
        }

        var start = new ProcessStartInfo(Path.Combine(Path.GetDirectoryName(postgres)!, "initdb")) { RedirectStandardError = true, RedirectStandardOutput = true };
        foreach (var argument in new[] { "-D", data, "-U", "sophia", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8" })
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
