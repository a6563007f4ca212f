using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;
using StackExchange.Redis;

namespace Sophia.ServiceDefaults;

/// <content>The clients of the stores, where Aspire's packages are not there.</content>
public static partial class Extensions
{
    /// <summary>One pool of connections to PostgreSQL, when ConnectionStrings:postgres is set.</summary>
    public static IHostApplicationBuilder AddPostgres(this IHostApplicationBuilder builder)
    {
        if (builder.Configuration.GetConnectionString("postgres") is { Length: > 0 } connection)
        {
            _ = WellFormed("postgres", "Host=localhost;Username=sophia;Database=sophia", () => new NpgsqlConnectionStringBuilder(connection));
            builder.Services.AddSingleton(services =>
            {
                var source = new NpgsqlDataSourceBuilder(connection);
                source.UseLoggerFactory(services.GetRequiredService<ILoggerFactory>());
                return source.Build();
            });
        }

        return builder;
    }

    /// <summary>One connection to Redis, when ConnectionStrings:redis is set; it comes up by itself when Redis does.</summary>
    public static IHostApplicationBuilder AddRedis(this IHostApplicationBuilder builder)
    {
        if (builder.Configuration.GetConnectionString("redis") is { Length: > 0 } connection)
        {
            _ = WellFormed("redis", "localhost:6379", () => ConfigurationOptions.Parse(connection));
            builder.Services.AddSingleton<IConnectionMultiplexer>(_ =>
            {
                var options = ConfigurationOptions.Parse(connection);
                options.AbortOnConnectFail = false;
                options.ClientName ??= Instrumentation;
                return ConnectionMultiplexer.Connect(options);
            });
        }

        return builder;
    }
}
