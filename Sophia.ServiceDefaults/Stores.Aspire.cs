using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Hosting;
using Npgsql;
using StackExchange.Redis;

namespace Sophia.ServiceDefaults;

/// <content>The clients of the stores by Aspire's integrations, which add health checks, metrics and traces.</content>
public static partial class Extensions
{
    /// <summary>One pool of connections to PostgreSQL, when ConnectionStrings:postgres is set.</summary>
    public static IHostApplicationBuilder AddPostgres(this IHostApplicationBuilder builder)
    {
        if (builder.Configuration.GetConnectionString("postgres") is { Length: > 0 } connection)
        {
            _ = WellFormed("postgres", "Host=localhost;Username=sophia;Database=sophia", () => new NpgsqlConnectionStringBuilder(connection));
            builder.AddNpgsqlDataSource("postgres", settings => settings.DisableTracing = !builder.HasExporter());
        }

        return builder;
    }

    /// <summary>One connection to Redis, when ConnectionStrings:redis is set; it comes up by itself when Redis does.</summary>
    public static IHostApplicationBuilder AddRedis(this IHostApplicationBuilder builder)
    {
        if (builder.Configuration.GetConnectionString("redis") is { Length: > 0 } connection)
        {
            _ = WellFormed("redis", "localhost:6379", () => ConfigurationOptions.Parse(connection));
            builder.AddRedisClient("redis", settings => settings.DisableTracing = !builder.HasExporter(), static options =>
            {
                options.AbortOnConnectFail = false;
                options.ClientName ??= Instrumentation;
            });
        }

        return builder;
    }
}
