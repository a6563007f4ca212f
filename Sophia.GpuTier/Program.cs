using Sophia.Gpu.Grains.Hosting;
using Sophia.Gpu.Grains.Nodes;
using Sophia.Gpu.Health;
using Sophia.Gpu.Models;
using Sophia.Gpu.Pools;
using Sophia.GpuTier.Composition;
using Sophia.GpuTier.Health;
using Sophia.GpuTier.Snowflake;
using Sophia.Memory.Search.Cluster;
using Sophia.ServiceDefaults;
using Sophia.Stores.Postgres;

try
{
    var builder = WebApplication.CreateSlimBuilder([.. args, "--hostBuilder:reloadConfigOnChange=false"]);
    var (options, memory) = NodeOptions.Read(builder.Configuration);
    var devices = NodeParts.OpenDevices(options);
    var models = NodeParts.BuildModels(options, devices, builder.Configuration.GetConnectionString("snowflake"));

    builder.AddServiceDefaults();
    builder.AddPostgres();
    builder.Services.AddSingleton(TimeProvider.System);
    builder.Services.AddSingleton(models);
    // By a function, so that the container closes them at the end.
    builder.Services.AddSingleton(_ => devices);
    builder.Services.AddSingleton(_ => new GpuSensors(TimeProvider.System));
    builder.Services.AddSingleton(services => new DeviceWatch(
        services.GetRequiredService<GpuNode>(), TimeProvider.System, services.GetRequiredService<ILoggerFactory>().CreateLogger("Sophia.Gpu")));
    builder.Services.AddHealthChecks().AddCheck<DevicesAlive>("devices", tags: [Extensions.Live]);
    builder.Services.AddSingleton(services => NodeParts.BuildShards(services, options, memory));
    builder.Services.AddSingleton(services => NodeSpace.Of(
        services.GetRequiredService<GpuNode>(), services.GetRequiredService<DeviceWatch>(), services.GetRequiredService<GpuSensors>(), options.Cluster));
    builder.Services.AddSingleton<PostgresShardMap>();
    builder.Services.AddHostedService<NodeLifetime>();
    builder.AddShardNode(options.Cluster, builder.Configuration.GetConnectionString("postgres")!);
    var servesFunctions = options.ExternalFunctions.Integrations.Count > 0;
    if (servesFunctions)
    {
        NodeMemory.Add(builder.Services, options, memory, builder.Configuration.GetConnectionString("postgres")!);
        FunctionRoutes.Add(builder.Services, options);
    }

    NodeSampling.Add(builder.Services, options, builder.Configuration.GetConnectionString("snowflake"));
    builder.Services.Configure<ConsoleLifetimeOptions>(lifetime => lifetime.SuppressStatusMessages = true);
    if (builder.Configuration["urls"] is null && builder.Configuration["http_ports"] is null && builder.Configuration["https_ports"] is null)
    {
        builder.WebHost.UseUrls("http://localhost:5090");
    }

    var app = builder.Build();
    ModelFiles.LogTo(app.Services.GetRequiredService<ILoggerFactory>().CreateLogger("Sophia.Models"), models);
    // Made now: it checks the devices before the node joins, and each minute from then on.
    app.Services.GetRequiredService<DeviceWatch>();
    NodeHealth.Map(app);
    app.MapDefaultEndpoints(static _ => { });
    if (servesFunctions)
    {
        FunctionRoutes.Map(app);
    }

    await app.RunAsync();
    return 0;
}
catch (Exception e) when (e is FormatException or IOException { InnerException: Microsoft.AspNetCore.Connections.AddressInUseException })
{
    await Console.Error.WriteLineAsync($"The GPU tier cannot start: {e.Message}");
    return 1;
}
