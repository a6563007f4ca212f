using Microsoft.AspNetCore.Server.Kestrel.Core;
using Sophia.Api.Access;
using Sophia.Api.Changes;
using Sophia.Api.Composition;
using Sophia.Api.Cortex;
using Sophia.Api.Costs;
using Sophia.Api.Documentation;
using Sophia.Api.ExternalFunctions;
using Sophia.Api.Forget;
using Sophia.Api.Gpu;
using Sophia.Api.Memories;
using Sophia.Api.Mirroring;
using Sophia.Api.Models;
using Sophia.Api.Namespaces;
using Sophia.Api.Problems;
using Sophia.Api.Search;
using Sophia.Api.Sessions;
using Sophia.Api.TiersAndHealth;
using Sophia.Gpu.Health;
using Sophia.Gpu.Models;
using Sophia.Gpu.Pools;
using Sophia.Memory.Cortex;
using Sophia.Memory.Hierarchy;
using Sophia.Memory.Stores;
using Sophia.ServiceDefaults;

try
{
    // A configuration that reloads itself watches the whole working directory, where the data may be: every write of the
    // store would wake the watcher.
    var builder = WebApplication.CreateSlimBuilder([.. args, "--hostBuilder:reloadConfigOnChange=false"]);
    builder.WebHost.UseKestrelHttpsConfiguration();
    var (api, memory) = Settings.Read(builder.Configuration);
    var keys = ApiKeyRing.From(api.ApiKeys);

    var node = Engines.OpenDevices(api, TimeProvider.System);
    var models = ModelChoice.Build(api, node, builder.Configuration.GetConnectionString("snowflake"), TimeProvider.System);

    builder.AddServiceDefaults();
    builder.AddPostgres();
    builder.AddRedis();
    builder.Services.AddSingleton(TimeProvider.System);
    builder.Services.AddSingleton(api);
    builder.Services.AddSingleton(keys);
    builder.Services.AddSingleton(models);
    builder.Services.AddSingleton<AccessGate>();
    builder.Services.AddSingleton<ThisProcess>();
    // By a function, so that the container closes them at the end.
    builder.Services.AddSingleton(_ => node);
    builder.Services.AddSingleton(_ => new GpuSensors(TimeProvider.System));
    builder.Services.AddSingleton(services => new DeviceWatch(
        services.GetRequiredService<GpuNode>(), TimeProvider.System, services.GetRequiredService<ILoggerFactory>().CreateLogger("Sophia.Gpu")));
    builder.Services.AddSingleton(services => Engines.Build(services, api, memory));
    builder.Services.AddSingleton(ModelChoice.BuildChat(api, builder.Configuration.GetConnectionString("snowflake"), TimeProvider.System));
    builder.Services.AddSingleton(services => Engines.BuildCortex(services, api));
    builder.Services.AddShardCluster(api, builder.Configuration.GetConnectionString("postgres"));
    builder.Services.AddHostedService<MemoryLifetime>();
    HeldShards.AddTo(builder, api);
    builder.Services.AddSnowflake(api, builder.Configuration.GetConnectionString("snowflake"));
    builder.Services.AddSqlFunctions(api.ExternalFunctions);
    builder.Services.AddHostedService<CortexLifetime>();
    builder.Services.AddApiDocument();
    builder.Services.Configure<HostOptions>(options => options.ShutdownTimeout = api.DrainTimeout);
    builder.Services.Configure<ConsoleLifetimeOptions>(options => options.SuppressStatusMessages = true);
    builder.Services.Configure<KestrelServerOptions>(options =>
    {
        options.AddServerHeader = false;
        options.Limits.MaxRequestBodySize = api.MaxRequestBytes;
    });
    if (!ListensAsConfigured(builder.Configuration))
    {
        builder.WebHost.UseUrls("http://localhost:5080");
    }

    var app = builder.Build();
    ModelFiles.LogTo(app.Services.GetRequiredService<ILoggerFactory>().CreateLogger("Sophia.Models"), models);
    app.UseMiddleware<ProblemMiddleware>();
    app.UseRouting();
    app.MapMemories();
    SearchEndpoint.Map(app);
    ForgetEndpoint.Map(app);
    ChangeFeed.Map(app);
    SessionEndpoints.Map(app);
    NamespaceEndpoints.Map(app);
    ModelsEndpoint.Map(app);
    ModelChangeEndpoint.Map(app);
    GpuEndpoint.Map(app);
    SnowflakeEndpoint.Map(app);
    ExternalFunctionRoutes.Map(app);
    CortexEndpoints.Map(app);
    JudgementEndpoints.Map(app);
    UsageEndpoint.Map(app);
    CacheEndpoint.Map(app);
    CortexCosts.Map(app);
    TiersEndpoint.Map(app);
    HealthEndpoint.Map(app);
    app.MapDefaultEndpoints(app.Services.GetRequiredService<AccessGate>().AdmitScraper);
    app.MapApiDocument();
    FrontPage.Map(app);

    await app.StartAsync();
    if (api.Announce)
    {
        Console.WriteLine(await Announcement.WriteAsync(app.Services, CancellationToken.None));
    }

    await app.WaitForShutdownAsync();
    return 0;
}
catch (Exception e) when (e is ConfigurationException or FormatException or StoreInUseException or StoreUnavailableException or
    IOException { InnerException: Microsoft.AspNetCore.Connections.AddressInUseException })
{
    await Console.Error.WriteLineAsync($"Sophia cannot start: {e.Message}");
    return 1;
}

static bool ListensAsConfigured(ConfigurationManager configuration) =>
    configuration["urls"] is not null || configuration["http_ports"] is not null || configuration["https_ports"] is not null ||
    configuration.GetSection("Kestrel:Endpoints").GetChildren().Any();

/// <summary>The service's entry, named so that tests can host it.</summary>
public partial class Program;
