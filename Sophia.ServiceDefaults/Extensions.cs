using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Diagnostics.HealthChecks;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using OpenTelemetry;
using OpenTelemetry.Metrics;
using OpenTelemetry.Trace;

namespace Sophia.ServiceDefaults;

/// <summary>What every service of Sophia has: logs, traces, metrics, health, and clients of the stores that are configured.</summary>
public static partial class Extensions
{
    /// <summary>The tag of checks that /alive runs: without them the process should be started anew.</summary>
    public const string Live = "live";

    private const string Instrumentation = "Sophia";

    public static IHostApplicationBuilder AddServiceDefaults(this IHostApplicationBuilder builder)
    {
        builder.ConfigureLogging();
        builder.ConfigureOpenTelemetry();
        builder.AddDefaultHealthChecks();
        builder.Services.ConfigureHttpClientDefaults(http => http.AddStandardResilienceHandler());
        return builder;
    }

    /// <summary>
    /// Metrics are always there for Prometheus. Traces cost each request an activity, so they are made only when
    /// OTEL_EXPORTER_OTLP_ENDPOINT says where they go; then metrics and logs go there too.
    /// </summary>
    public static IHostApplicationBuilder ConfigureOpenTelemetry(this IHostApplicationBuilder builder)
    {
        var telemetry = builder.Services.AddOpenTelemetry().WithMetrics(metrics => metrics
            .AddMeter(Instrumentation)
            .AddAspNetCoreInstrumentation()
            .AddHttpClientInstrumentation()
            .AddRuntimeInstrumentation()
            .AddPrometheusExporter());
        if (builder.HasExporter())
        {
            telemetry.WithTracing(traces => traces.AddSource(Instrumentation).AddAspNetCoreInstrumentation().AddHttpClientInstrumentation());
            telemetry.UseOtlpExporter();
        }

        return builder;
    }

    public static IHostApplicationBuilder AddDefaultHealthChecks(this IHostApplicationBuilder builder)
    {
        builder.Services.AddHealthChecks().AddCheck("self", () => HealthCheckResult.Healthy(), [Live]);
        return builder;
    }

    /// <summary>Maps /alive, open to all, and /metrics.</summary>
    /// <param name="admitScraper">Throws for those who may not read the metrics.</param>
    public static WebApplication MapDefaultEndpoints(this WebApplication app, Action<HttpContext> admitScraper)
    {
        app.MapHealthChecks("/alive", new HealthCheckOptions { Predicate = check => check.Tags.Contains(Live) });
        app.MapPrometheusScrapingEndpoint("/metrics").Add(endpoint =>
        {
            var scrape = endpoint.RequestDelegate!;
            endpoint.RequestDelegate = context =>
            {
                admitScraper(context);
                return scrape(context);
            };
        });
        return app;
    }

    private static T WellFormed<T>(string name, string example, Func<T> parse)
    {
        try
        {
            return parse();
        }
        catch (Exception e) when (e is ArgumentException or FormatException)
        {
            throw new FormatException($"ConnectionStrings:{name} is not a connection string: {e.Message} Write it as in '{example}'.", e);
        }
    }

    /// <summary>What says too much where nothing else is configured (Logging:LogLevel).</summary>
    private static readonly (string Category, LogLevel Least)[] Quiet =
    [
        ("Microsoft", LogLevel.Warning),

        // Every command.
        ("Npgsql", LogLevel.Warning),

        // Each step; and of a way to nodes that is not there several lines a second, of which the service tells once itself.
        ("Orleans", LogLevel.Warning), ("Orleans.Messaging", LogLevel.Error), ("Orleans.Runtime.Messaging", LogLevel.Error),

        // Of Orleans' attempts to place a grain; what fails in the end it says itself.
        ("Polly", LogLevel.Error),
    ];

    private static void ConfigureLogging(this IHostApplicationBuilder builder)
    {
        builder.Logging.ClearProviders();
        builder.Logging.AddSimpleConsole(console =>
        {
            console.SingleLine = true;
            console.TimestampFormat = "HH:mm:ss.fff ";
            console.UseUtcTimestamp = true;
            console.IncludeScopes = true;
        });
        // Before the configuration's own rules, the last of which counts.
        builder.Services.Configure<LoggerFilterOptions>(static options =>
        {
            foreach (var (category, least) in Quiet)
            {
                options.Rules.Insert(0, new LoggerFilterRule(null, category, least, null));
            }
        });
        builder.Logging.Configure(options => options.ActivityTrackingOptions = ActivityTrackingOptions.TraceId | ActivityTrackingOptions.SpanId);

        // The host makes an activity for each request when this logger is on at any level, whether anybody listens or not.
        if (!builder.HasExporter())
        {
            builder.Logging.AddFilter("Microsoft.AspNetCore.Hosting.Diagnostics", LogLevel.None);
        }
        else
        {
            builder.Logging.AddOpenTelemetry(logs =>
            {
                logs.IncludeFormattedMessage = true;
                logs.IncludeScopes = true;
            });
        }
    }

    private static bool HasExporter(this IHostApplicationBuilder builder) =>
        !string.IsNullOrWhiteSpace(builder.Configuration["OTEL_EXPORTER_OTLP_ENDPOINT"]);
}
