using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Sophia.Memory;

namespace Sophia.Gpu.Grains;

/// <summary>How the nodes of L0 find each other, and how others find them; section Sophia:Cluster of the configuration.</summary>
public sealed record ClusterSettings
{
    /// <summary>
    /// <c>off</c>: shards are searched in the process that is asked. <c>postgres</c>: the nodes are those in the membership table
    /// of ConnectionStrings:postgres. <c>localhost</c>: one node, on this machine, without a table.
    /// </summary>
    public string Membership { get; init; } = "off";

    /// <summary>
    /// Whether a service is a node too: such services hold the shards for each other, each shard once, instead of each all of them.
    /// A node of the GPU tier is one in any case. Default: false.
    /// </summary>
    public bool HoldsShards { get; init; }

    /// <summary>Nodes with one id are one cluster; 1–100 characters. Default: sophia.</summary>
    public string Id { get; init; } = "sophia";

    /// <summary>The address by which the other nodes reach this one; an IP address. Default: 127.0.0.1.</summary>
    public string Address { get; init; } = "127.0.0.1";

    /// <summary>Where nodes talk to each other; 0: any free one. Default: 11111.</summary>
    public int NodePort { get; init; } = 11111;

    /// <summary>Where services ask; 0: any free one. Default: 30000.</summary>
    public int GatewayPort { get; init; } = 30000;

    /// <summary>A node that does not answer for so long, three times, is taken for dead; 0.2–30 s. Default: 1 s.</summary>
    public TimeSpan ProbeTimeout { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>A node whose device failed, or that could not read the log, gets shards again when it has been well for so long; 1 s to 1 h. Default: 30 s.</summary>
    public TimeSpan DeviceSettling { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>With so many records a shard of a namespace is full, and the next one opens; the same on every node. Default: 1,000,000.</summary>
    public int ShardRecords { get; init; } = 1_000_000;

    /// <summary>
    /// Bytes that the shards of a node take in memory at most; those that nobody asks for make room for others. Default: three quarters
    /// of <see cref="AvailableMemory.Bytes"/>, which is nine sixteenths of a container's limit; of a service that is a node too, half of that.
    /// </summary>
    public long? NodeBytes { get; init; }

    public long MostBytes => NodeBytes ?? AvailableMemory.Bytes / 4 * 3;

    public bool IsOff => Membership == "off";

    /// <summary>The first setting that cannot be, with the message that fixes it; null when all are fine.</summary>
    /// <param name="hasPostgres">ConnectionStrings:postgres is set.</param>
    public string? Validate(bool hasPostgres)
    {
        if (Membership is not ("off" or "postgres" or "localhost"))
        {
            return $"Sophia:Cluster:Membership is '{Membership}'. Set it to off, postgres or localhost.";
        }

        if (HoldsShards && Membership != "postgres")
        {
            return $"Sophia:Cluster:HoldsShards is true, and Sophia:Cluster:Membership is {Membership}, so that no other service would find these shards. Set the membership to postgres, or leave HoldsShards out.";
        }

        if (!IsOff && !hasPostgres)
        {
            return $"Sophia:Cluster:Membership is {Membership}, and ConnectionStrings:postgres is not set. Nodes read the memories from PostgreSQL: set it, or set the membership to off.";
        }

        if (Id.Length is 0 or > 100)
        {
            return "Sophia:Cluster:Id must have 1 to 100 characters.";
        }

        if (!IPAddress.TryParse(Address, out var address))
        {
            return $"Sophia:Cluster:Address is '{Address}'. Give an IP address of this machine that the other nodes reach.";
        }

        if (address.MapToIPv6().Equals(IPAddress.Any.MapToIPv6()) || address.Equals(IPAddress.IPv6Any))
        {
            return $"Sophia:Cluster:Address is {Address}, which is every address of a machine: nobody else reaches this node by it. Give one address of this machine that the other nodes reach, in Kubernetes the pod's (status.podIP).";
        }

        foreach (var (name, port) in new[] { (nameof(NodePort), NodePort), (nameof(GatewayPort), GatewayPort) })
        {
            if (port is < 0 or > 65535 || (port == 0 && Membership == "localhost"))
            {
                return string.Create(CultureInfo.InvariantCulture, $"Sophia:Cluster:{name} is {port}. Set it between 1 and 65535, or, with the membership postgres, to 0 for any free one.");
            }
        }

        if (NodePort == GatewayPort && NodePort != 0)
        {
            return string.Create(CultureInfo.InvariantCulture, $"Sophia:Cluster:NodePort and GatewayPort are both {NodePort}. Set them to two ports, or to 0 for any free ones.");
        }

        if (ShardRecords < 1)
        {
            return string.Create(CultureInfo.InvariantCulture, $"Sophia:Cluster:ShardRecords is {ShardRecords}. Set it to at least 1.");
        }

        if (NodeBytes < 1 << 20)
        {
            return string.Create(CultureInfo.InvariantCulture, $"Sophia:Cluster:NodeBytes is {NodeBytes}. Set it to at least 1,048,576 bytes, or leave it out.");
        }

        if (AvailableMemory.Problem("Sophia:Cluster:NodeBytes", NodeBytes) is { } tooMuch)
        {
            return tooMuch;
        }

        if (DeviceSettling < TimeSpan.FromSeconds(1) || DeviceSettling > TimeSpan.FromHours(1))
        {
            return $"Sophia:Cluster:DeviceSettling is {DeviceSettling}. Set it between 00:00:01 and 01:00:00.";
        }

        return ProbeTimeout < TimeSpan.FromSeconds(0.2) || ProbeTimeout > TimeSpan.FromSeconds(30)
            ? $"Sophia:Cluster:ProbeTimeout is {ProbeTimeout}. Set it between 00:00:00.2 and 00:00:30."
            : null;
    }

    /// <summary>The node's own port and that of its gateway: as configured, or free ones.</summary>
    /// <exception cref="FormatException">Another process listens there; Orleans would listen too, and the two nodes would take each other for their own remains.</exception>
    internal (int Node, int Gateway) OpenPorts()
    {
        using var node = Listen(nameof(NodePort), NodePort);
        using var gateway = Listen(nameof(GatewayPort), GatewayPort);
        return (((IPEndPoint)node.LocalEndpoint).Port, ((IPEndPoint)gateway.LocalEndpoint).Port);
    }

    private TcpListener Listen(string name, int port)
    {
        var listener = new TcpListener(IPAddress.Parse(Address), port);
        try
        {
            listener.Start();
            return listener;
        }
        catch (SocketException error)
        {
            listener.Dispose();
            throw new FormatException(
                string.Create(CultureInfo.InvariantCulture, $"Sophia:Cluster:{name} is {port}, and nobody can listen on {Address}:{port} here: {error.Message}. Set it to a port that is free, or, with the membership postgres, to 0 for any; and Sophia:Cluster:Address to an address of this machine."),
                error);
        }
    }
}
