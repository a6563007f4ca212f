using Aspire.Hosting.ApplicationModel;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Aspire.Hosting;

/// <summary>Adds Snowflake to an application.</summary>
public static class SnowflakeBuilderExtensions
{
    private const string EmulatorUser = "SOPHIA";

    /// <summary>
    /// Adds a Snowflake account. Say with <see cref="WithAccount"/> which, or with <see cref="RunAsEmulator{TEmulator}"/> that a
    /// local one stands for it; its health check asks for an answer at its address, and logs in nowhere.
    /// </summary>
    /// <param name="builder">The application.</param>
    /// <param name="name">The name of the resource, and of its connection string in what references it.</param>
    public static IResourceBuilder<SnowflakeResource> AddSnowflake(this IDistributedApplicationBuilder builder, [ResourceName] string name)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentException.ThrowIfNullOrEmpty(name);

        var resource = new SnowflakeResource(name);
        Uri? address = null;
        var check = $"{name}_check";
        builder.Services.AddHealthChecks().Add(new HealthCheckRegistration(
            check,
            services => new SnowflakeHealthCheck(services.GetRequiredService<IHttpClientFactory>(), () => address),
            failureStatus: null, tags: null, timeout: TimeSpan.FromSeconds(10)));
        builder.Services.AddHttpClient();

        return builder.AddResource(resource)
            .WithIconName("Cloud")
            .WithInitialState(new CustomResourceSnapshot { ResourceType = "Snowflake", State = KnownResourceStates.Waiting, Properties = [] })
            .WithHealthCheck(check)
            .OnConnectionStringAvailable(async (snowflake, _, token) =>
                address = new Uri(await snowflake.Address.GetValueAsync(token).ConfigureAwait(false)
                    ?? throw new DistributedApplicationException($"The address of the Snowflake resource '{snowflake.Name}' is empty: give its account parameter a value.")))
            .OnInitializeResource(static async (snowflake, initialise, token) =>
            {
                // Nothing starts for an account: it is there when its parameters and, where it has one, its emulator are.
                if (snowflake.Emulator is { } emulator)
                {
                    await initialise.Notifications.WaitForResourceAsync(emulator.Name, KnownResourceStates.Running, token).ConfigureAwait(false);
                }

                await initialise.Eventing.PublishAsync(new ConnectionStringAvailableEvent(snowflake, initialise.Services), token).ConfigureAwait(false);
                await initialise.Notifications.PublishUpdateAsync(snowflake, static state => state with { State = KnownResourceStates.Running }).ConfigureAwait(false);
            });
    }

    /// <summary>Connects to an account.</summary>
    /// <param name="builder">The resource.</param>
    /// <param name="account">The account's identifier, <c>organisation-name</c>.</param>
    /// <param name="user">The user that the services log in as.</param>
    /// <param name="credential">How it proves who it is.</param>
    public static IResourceBuilder<SnowflakeResource> WithAccount(
        this IResourceBuilder<SnowflakeResource> builder, IResourceBuilder<ParameterResource> account, IResourceBuilder<ParameterResource> user, SnowflakeCredential credential)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(account);
        ArgumentNullException.ThrowIfNull(user);
        ArgumentNullException.ThrowIfNull(credential);

        var connectionString = new ReferenceExpressionBuilder();
        connectionString.Append($"account={account.Resource};user={user.Resource}");
        credential.AppendTo(connectionString);
        builder.Resource.Login = new SnowflakeLogin(
            connectionString.Build(),
            ReferenceExpression.Create($"https://{account.Resource}.snowflakecomputing.com"),
            [
                new("Account", ReferenceExpression.Create($"{account.Resource}")),
                new("User", ReferenceExpression.Create($"{user.Resource}")),
                .. credential.Properties,
            ]);
        return builder;
    }

    /// <summary>
    /// On this machine a Snowflake of the developer's own stands for the account: a project that serves the drivers' protocol. In
    /// publish mode this does nothing, and an account is needed.
    /// </summary>
    /// <typeparam name="TEmulator">The emulator's project, such as <c>Projects.Sophia_SnowflakeEmulator</c>.</typeparam>
    /// <param name="builder">The resource.</param>
    /// <param name="databaseFile">The file of its database, which survives a restart; null keeps it in memory.</param>
    /// <param name="configure">Further settings of the emulator's project.</param>
    public static IResourceBuilder<SnowflakeResource> RunAsEmulator<TEmulator>(
        this IResourceBuilder<SnowflakeResource> builder, string? databaseFile = null, Action<IResourceBuilder<ProjectResource>>? configure = null)
        where TEmulator : IProjectMetadata, new()
    {
        ArgumentNullException.ThrowIfNull(builder);
        var application = builder.ApplicationBuilder;
        if (application.ExecutionContext.IsPublishMode)
        {
            return builder;
        }

        var password = ParameterResourceBuilderExtensions.CreateDefaultPasswordParameter(application, $"{builder.Resource.Name}-password", special: false);
        var emulator = application.AddProject<TEmulator>($"{builder.Resource.Name}-emulator")
            .WithEnvironment("Emulator__Users__0__Name", EmulatorUser)
            .WithEnvironment("Emulator__Users__0__Password", $"{password}")
            .WithHttpHealthCheck("/health")
            .WithParentRelationship(builder)
            .WithIconName("CloudCube");
        if (databaseFile is not null)
        {
            emulator.WithEnvironment("Emulator__Database", databaseFile);
        }

        configure?.Invoke(emulator);
        var http = emulator.GetEndpoint("http");
        builder.Resource.Emulator = emulator.Resource;
        builder.Resource.Login = new SnowflakeLogin(
            ReferenceExpression.Create($"account=local;user={EmulatorUser};password={password};scheme=http;host={http.Property(EndpointProperty.Host)};port={http.Property(EndpointProperty.Port)}"),
            ReferenceExpression.Create($"{http.Property(EndpointProperty.Url)}"),
            [
                new("Account", ReferenceExpression.Create($"local")),
                new("User", ReferenceExpression.Create($"{EmulatorUser}")),
                new("Password", ReferenceExpression.Create($"{password}")),
                new("Uri", ReferenceExpression.Create($"{http.Property(EndpointProperty.Url)}")),
            ]);
        return builder;
    }

    /// <summary>Adds a database of the account; what references it opens it.</summary>
    /// <param name="builder">The account.</param>
    /// <param name="name">The name of the resource.</param>
    /// <param name="databaseName">The database's name in Snowflake; by default the resource's.</param>
    /// <param name="schema">The schema of names that have none.</param>
    /// <param name="role">The role that sessions take.</param>
    public static IResourceBuilder<SnowflakeDatabaseResource> AddDatabase(
        this IResourceBuilder<SnowflakeResource> builder, [ResourceName] string name, string? databaseName = null, string? schema = null, string? role = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentException.ThrowIfNullOrEmpty(name);
        var database = new SnowflakeDatabaseResource(name, databaseName ?? name, builder.Resource) { Schema = schema, Role = role };
        return builder.ApplicationBuilder.AddResource(database).WithIconName("Database").ReadyWith(builder.Resource, "Snowflake database");
    }

    /// <summary>Adds a warehouse of the account.</summary>
    /// <param name="builder">The account.</param>
    /// <param name="name">The name of the resource.</param>
    /// <param name="warehouseName">The warehouse's name in Snowflake; by default the resource's.</param>
    public static IResourceBuilder<SnowflakeWarehouseResource> AddWarehouse(this IResourceBuilder<SnowflakeResource> builder, [ResourceName] string name, string? warehouseName = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentException.ThrowIfNullOrEmpty(name);
        return builder.ApplicationBuilder.AddResource(new SnowflakeWarehouseResource(name, warehouseName ?? name, builder.Resource))
            .WithIconName("Server").ExcludeFromManifest().ReadyWith(builder.Resource, "Snowflake warehouse");
    }

    /// <summary>Statements of the database's sessions run in this warehouse.</summary>
    public static IResourceBuilder<SnowflakeDatabaseResource> WithWarehouse(this IResourceBuilder<SnowflakeDatabaseResource> builder, IResourceBuilder<SnowflakeWarehouseResource> warehouse)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(warehouse);
        builder.Resource.Warehouse = ReferenceEquals(builder.Resource.Parent, warehouse.Resource.Parent)
            ? warehouse.Resource
            : throw new DistributedApplicationException($"The warehouse '{warehouse.Resource.Name}' is of another account than the database '{builder.Resource.Name}'.");
        return builder;
    }

    /// <summary>A part of an account is there when the account is.</summary>
    private static IResourceBuilder<T> ReadyWith<T>(this IResourceBuilder<T> part, SnowflakeResource account, string type) where T : IResource => part
        .WithInitialState(new CustomResourceSnapshot { ResourceType = type, State = KnownResourceStates.Waiting, Properties = [] })
        .OnInitializeResource(async (resource, initialise, token) =>
        {
            await initialise.Notifications.WaitForResourceAsync(account.Name, KnownResourceStates.Running, token).ConfigureAwait(false);
            await initialise.Notifications.PublishUpdateAsync(resource, static state => state with { State = KnownResourceStates.Running }).ConfigureAwait(false);
        });
}
