using System.Net;
using Sophia.Memory;
using Sophia.ServiceDefaults;

namespace Sophia.Api.Composition;

/// <summary>Reads the section Sophia and refuses what nobody would read: a misspelt setting is an error, not a default.</summary>
internal static class Settings
{
    public const string Section = "Sophia";

    /// <exception cref="ConfigurationException">An unknown setting or a value of the wrong form.</exception>
    public static (ApiOptions Api, MemoryOptions Memory) Read(IConfiguration configuration)
    {
        var section = configuration.GetSection(Section);
        try
        {
            section.RefuseUnknown([typeof(ApiOptions), typeof(MemoryOptions)]);
            configuration.RefuseUnknownConnections();
            var api = section.Get<ApiOptions>() ?? new ApiOptions();
            Check(api);
            var memory = section.Get<MemoryOptions>() ?? new MemoryOptions();
            var postgres = configuration.GetConnectionString("postgres");
            return (memory.Validate() ?? CheckBatches(api, memory) ?? api.Gpu.Validate() ?? api.Cluster.Validate(postgres is { Length: > 0 }) ?? CheckAddress(api, postgres)) is { } problem ? throw new ConfigurationException(problem) : (api, memory);
        }
        catch (FormatException e)
        {
            throw new ConfigurationException(e.Message);
        }
        catch (InvalidOperationException e)
        {
            throw new ConfigurationException($"A setting of {Section} has a value of the wrong form: {e.Message}");
        }
    }

    private static string? CheckBatches(ApiOptions api, MemoryOptions memory) => api.MaxBatchItems > memory.WriteQueue
        ? $"Sophia:MaxBatchItems is {api.MaxBatchItems:N0} and Sophia:WriteQueue {memory.WriteQueue:N0}: a whole batch would never find room in the queue. Lower the first or raise the second."
        : null;

    // Two machines whose nodes have the same address take each other for their own remains, and end each other.
    private static string? CheckAddress(ApiOptions api, string? postgres) =>
        api.Cluster.HoldsShards && IPAddress.IsLoopback(IPAddress.Parse(api.Cluster.Address)) && HostOf(postgres) is { } host && !IsHere(host)
            ? $"Sophia:Cluster:HoldsShards is true, and Sophia:Cluster:Address is {api.Cluster.Address}, while PostgreSQL is on {host}: services on other machines would not reach this one. Set the address to this machine's."
            : null;

    private static string? HostOf(string? postgres) => new Npgsql.NpgsqlConnectionStringBuilder(postgres).Host;

    private static bool IsHere(string host) =>
        host.StartsWith('/') || host.Equals("localhost", StringComparison.OrdinalIgnoreCase) || (IPAddress.TryParse(host, out var address) && IPAddress.IsLoopback(address));

    private static void Check(ApiOptions options)
    {
        if (string.IsNullOrWhiteSpace(options.DataDirectory))
        {
            throw new ConfigurationException("Sophia:DataDirectory is empty. Name a directory, such as ./data.");
        }

        if (options.MaxRequestBytes is < 1024 or > 1 << 30)
        {
            throw new ConfigurationException($"Sophia:MaxRequestBytes is {options.MaxRequestBytes}. Set it between 1,024 and 1,073,741,824 bytes.");
        }

        if (options.MaxBatchItems is < 1 or > 100_000)
        {
            throw new ConfigurationException($"Sophia:MaxBatchItems is {options.MaxBatchItems}. Set it between 1 and 100,000.");
        }

        if (options.DrainTimeout < TimeSpan.Zero || options.DrainTimeout > TimeSpan.FromMinutes(10))
        {
            throw new ConfigurationException($"Sophia:DrainTimeout is {options.DrainTimeout}. Set it between 00:00:00 and 00:10:00.");
        }

        if (options.HeartbeatInterval < TimeSpan.FromMilliseconds(100) || options.HeartbeatInterval > TimeSpan.FromHours(1))
        {
            throw new ConfigurationException($"Sophia:HeartbeatInterval is {options.HeartbeatInterval}. Set it between 00:00:00.1 and 01:00:00.");
        }
    }
}
