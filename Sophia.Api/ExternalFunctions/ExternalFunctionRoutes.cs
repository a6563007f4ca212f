using Npgsql;
using Sophia.Api.Composition;
using Sophia.Api.Documentation;
using Sophia.Snowflake.ExternalFunctions;
using Sophia.Snowflake.Serving.Functions;
using Sophia.Stores.Postgres;

namespace Sophia.Api.ExternalFunctions;

/// <summary>POST and GET /v1/snowflake/functions/{function}; callers are known by their integration's secret.</summary>
internal static class ExternalFunctionRoutes
{
    /// <exception cref="ConfigurationException">An integration or a limit cannot be.</exception>
    public static void AddSqlFunctions(this IServiceCollection services, ExternalFunctionOptions options)
    {
        try
        {
            services.AddExternalFunctions(options, static s => s.GetService<NpgsqlDataSource>(), PostgresErrors.Translate);
        }
        catch (ArgumentException error)
        {
            throw new ConfigurationException(error.Message);
        }
    }

    public static void Map(IEndpointRouteBuilder routes)
    {
        var endpoint = routes.ServiceProvider.GetRequiredService<ExternalFunctionEndpoint>();
        Describe(routes.MapOpen("POST", ExternalFunctionEndpoint.Pattern, endpoint.PostAsync), "CallFunction", "Answers a batch of rows of Snowflake's").Takes<RowsBody>();
        Describe(routes.MapOpen("GET", ExternalFunctionEndpoint.Pattern, endpoint.GetAsync), "PollFunction", "Answers a batch that took longer, when it is ready");
    }

    private static DescribedRoute Describe(EdgeRoute route, string id, string summary) =>
        route.Describe("Snowflake", id, summary)
            .Header(ExternalFunctionEndpoint.SecretHeader, "The integration's secret, which its gateway adds.")
            .Header(BatchHeaders.Prefix + "query-batch-id", "The batch: the same for each repeat and each poll.")
            .Answers<RowsBody>(200).AnswersNothing(202).Refuses(400, 404, 409, 413, 415, 429, 502, 503);
}
