// The whole system, for a developer: dotnet run --project Sophia.AppHost. For Kubernetes: deploy/generate.sh.
using Sophia.AppHost;

var builder = DistributedApplication.CreateBuilder(args);
var publishing = builder.ExecutionContext.IsPublishMode;

// L1 and L3: containers, local programs, or nothing, and the API then keeps both in its own process.
IResourceBuilder<IResourceWithConnectionString>? redis = null, database = null;
switch (LocalEngines.Choose(builder))
{
    case LocalEngine.Containers:
        redis = builder.AddRedis("redis")
            .WithLifetime(ContainerLifetime.Persistent)
            .WithIconName("Flash")
            .WithRedisInsight(browser => browser.WithExplicitStart());
        database = builder.AddPostgres("postgres")
            .WithLifetime(ContainerLifetime.Persistent)
            .WithDataVolume("sophia-postgres")
            .WithPgWeb(browser => browser.WithExplicitStart())
            .AddDatabase("sophia");
        break;
    case LocalEngine.Programs:
        redis = builder.AddRedisProgram("redis");
        database = builder.AddPostgresProgram("postgres");
        break;
}

// L2: the account, where there is one; on this machine an emulator stands for it.
var snowflake = builder.AddSnowflake("snowflake");
if (publishing || builder.Configuration["Parameters:snowflake-account"] is { Length: > 0 })
{
    snowflake.WithAccount(
        builder.AddParameter("snowflake-account").WithDescription("The account's identifier, organisation-name."),
        builder.AddParameter("snowflake-user").WithDescription("The user that Sophia logs in as."),
        SnowflakeCredential.KeyPair(builder.AddParameter("snowflake-private-key", secret: true)
            .WithDescription("The user's private key, PEM (PKCS#8) without a passphrase.")));
}
else
{
    snowflake.RunAsEmulator<Projects.Sophia_SnowflakeEmulator>(LocalEngines.DataFile(builder, "snowflake.duckdb"));
}

var lake = snowflake.AddDatabase("lake", "SOPHIA", schema: "SOPHIA_AI_MEMORY")
    .WithWarehouse(snowflake.AddWarehouse("cortex-warehouse", "SOPHIA_AI_CORTEX_WH"));

// The API; with a database it has L0's shards searched by the GPU tier, which stands before it.
var api = builder.AddProject<Projects.Sophia_Api>("api").AsService();
if (redis is not null && database is not null)
{
    var gpu = builder.AddProject<Projects.Sophia_GpuTier>("gpu-tier").AsService()
        .WithReference(database, "postgres").WaitFor(database)
        .WithHttpHealthCheck("/health")
        .WithIconName("DeveloperBoard")
        .WithUrlForEndpoint("http", _ => new() { Url = "/metrics", DisplayText = "Metrics" });
    api.WithReference(redis, "redis").WaitFor(redis)
        .WithReference(database, "postgres").WaitFor(database)
        .WithEnvironment("Sophia__Cluster__Membership", "postgres").WaitFor(gpu);
}
else
{
    api.WithFlush("L0", "the shards"); // Those of the GPU tier go with a restart of it.
}

if (publishing || LocalEngines.HasSnowflakeDriver || snowflake.Resource.Emulator is null)
{
    api.WithReference(lake, "snowflake").WaitFor(snowflake);
}
else
{
    // Without the driver the API cannot log in to the emulator: it mirrors into the local Snowflake in its own process.
    api.WithEnvironment("Sophia__Snowflake__Mirror", "true").WithEnvironment("Sophia__Snowflake__FlushInterval", "00:00:10");
}

api.WithHttpHealthCheck("/health")
    .WithExternalHttpEndpoints()
    .WithIconName("BrainCircuit")
    .WithUrlForEndpoint("http", url => url.DisplayText = "Console")
    .WithUrlForEndpoint("http", _ => new() { Url = "/docs", DisplayText = "API" })
    .WithUrlForEndpoint("http", _ => new() { Url = "/metrics", DisplayText = "Metrics" })
    .WithSmokeTest()
    .WithFlush("L1", "the near copies");

if (publishing)
{
    // On this machine the API serves whoever sits at it; elsewhere only those who hold a key.
    api.WithEnvironment("Sophia__ApiKeys__0__Name", "first")
        .WithEnvironment("Sophia__ApiKeys__0__Tenant", "default")
        .WithEnvironment("Sophia__ApiKeys__0__Scopes__0", "read")
        .WithEnvironment("Sophia__ApiKeys__0__Scopes__1", "write")
        .WithEnvironment("Sophia__ApiKeys__0__Scopes__2", "admin")
        .WithEnvironment("Sophia__ApiKeys__0__Hash", builder.AddParameter("api-key-hash", secret: true)
            .WithDescription("sha256: and the hash of the first key; `sophia key new` makes both."));
}
else
{
    api.WithEnvironment("Sophia__DataDirectory", LocalEngines.DataFile(builder, "api"));
    snowflake.WithFunctionsOf(api);
    var http = api.GetEndpoint("http");
    builder.AddProject<Projects.Sophia_Cli>("sample-data")
        .WithArgs("import", Path.Combine(builder.AppHostDirectory, "..", "docs"), "--namespace", "docs")
        .WithEnvironment("SOPHIA_URL", http)
        .WaitFor(api).WithParentRelationship(api).WithExplicitStart().WithIconName("DocumentAdd");
    api.WithStartCommand("sample-data", "Load sample data", "DocumentAdd");
    if (LocalEngines.HasSnowflakeDriver || snowflake.Resource.Emulator is null)
    {
        builder.AddProject<Projects.Sophia_Cli>("snowflake-migrations")
            .WithArgs("snowflake", "apply").WithEnvironment("SOPHIA_SNOWFLAKE", lake.Resource.ConnectionStringExpression)
            .WaitFor(snowflake).WithParentRelationship(snowflake).WithExplicitStart().WithIconName("DatabaseArrowUp");
        snowflake.WithStartCommand("snowflake-migrations", "Apply migrations", "DatabaseArrowUp");
    }

    builder.AddExecutable("load", "wrk", builder.AppHostDirectory, "-t2", "-c32", "-d60s", "--latency", ReferenceExpression.Create($"{http}/v1/tiers"))
        .WaitFor(api).WithParentRelationship(api).WithExplicitStart().WithIconName("Gauge");
}

builder.Build().Run();
