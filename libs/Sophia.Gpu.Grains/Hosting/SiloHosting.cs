using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans.Configuration;
using Orleans.Hosting;
using Orleans.Serialization;
using Sophia.Gpu.Grains.Nodes;

namespace Sophia.Gpu.Grains.Hosting;

/// <summary>Makes a process a node of L0, or a client of its nodes.</summary>
public static class SiloHosting
{
    internal const string Invariant = "Npgsql";
    private const string Service = "sophia";

    /// <summary>The process hosts shards; the services have a <see cref="Memory.Search.Cluster.ShardHost"/> and a <see cref="NodeSpace"/>.</summary>
    /// <param name="connection">Of PostgreSQL, whose membership tables are there.</param>
    /// <exception cref="FormatException">Its ports are taken, or the address is not of this machine.</exception>
    public static void AddShardNode(this IHostApplicationBuilder builder, ClusterSettings settings, string connection)
    {
        ArgumentNullException.ThrowIfNull(settings);
        var (node, gateway) = settings.OpenPorts();
        builder.UseOrleans(silo =>
        {
            if (settings.Membership == "localhost")
            {
                silo.UseLocalhostClustering(node, gateway, null, Service, settings.Id);
            }
            else
            {
                silo.Configure<Orleans.Configuration.ClusterOptions>(cluster => (cluster.ClusterId, cluster.ServiceId) = (settings.Id, Service));
                silo.UseAdoNetClustering(table => (table.Invariant, table.ConnectionString) = (Invariant, connection));
                silo.ConfigureEndpoints(IPAddress.Parse(settings.Address), node, gateway);
            }

            silo.Configure<ClusterMembershipOptions>(members =>
            {
                members.ProbeTimeout = settings.ProbeTimeout;
                members.TableRefreshTimeout = TimeSpan.FromSeconds(5);
                // Those who stand in the table and have not said so three times are gone: nodes that start after all died together wait for none of them.
                members.IAmAliveTablePublishTimeout = TimeSpan.FromSeconds(10);
                members.DefunctSiloExpiration = TimeSpan.FromHours(1);
            });
            silo.Services.AddSerializer(WireFormat.Use);
            silo.Services.AddSingleton<NodeLoads>();
            silo.Services.AddSingleton<NodeClient>();
            silo.Services.AddSingleton<NodeSurvey>();
            silo.AddGrainService<NodeService>();
            silo.Services.AddSingleton<Orleans.Runtime.GrainDirectory.IGrainDirectoryResolver, NoDirectory>();
            silo.AddPlacementDirector<FreestNode, FreestNodeDirector>();
        });
        // After Orleans's own, so that it begins when the node is one.
        builder.Services.AddHostedService<NodeWatch>();
    }

    internal static void Configure(IClientBuilder client, ClusterSettings settings, string connection)
    {
        if (settings.Membership == "localhost")
        {
            client.UseLocalhostClustering(settings.GatewayPort, Service, settings.Id);
        }
        else
        {
            client.Configure<Orleans.Configuration.ClusterOptions>(cluster => (cluster.ClusterId, cluster.ServiceId) = (settings.Id, Service));
            client.UseAdoNetClustering(table => (table.Invariant, table.ConnectionString) = (Invariant, connection));
        }

        client.Configure<GatewayOptions>(gateways => gateways.GatewayListRefreshPeriod = TimeSpan.FromSeconds(2));
        client.Services.AddSerializer(WireFormat.Use);
    }
}
