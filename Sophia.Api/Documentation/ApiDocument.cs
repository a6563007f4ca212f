using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;
using Scalar.AspNetCore;

namespace Sophia.Api.Documentation;

/// <summary>The API's description at /openapi/v1.json and the page at /docs; both come from this process alone.</summary>
internal static class ApiDocument
{
    public static void AddApiDocument(this IServiceCollection services) => services.AddOpenApi("v1", options =>
    {
        options.OpenApiVersion = OpenApiSpecVersion.OpenApi3_1;
        options.AddDocumentTransformer((document, _, _) =>
        {
            document.Info = new OpenApiInfo { Title = "Sophia", Version = "v1", Description = "The memory of an AI platform. The rules that hold everywhere are in docs/api.md." };
            document.Components ??= new OpenApiComponents();
            document.Components.SecuritySchemes ??= new Dictionary<string, IOpenApiSecurityScheme>();
            document.Components.SecuritySchemes["key"] = new OpenApiSecurityScheme { Type = SecuritySchemeType.Http, Scheme = "bearer", Description = "An API key. Not needed from loopback while none is configured." };
            return Task.CompletedTask;
        });
        options.AddSchemaTransformer(static (schema, context, _) =>
        {
            var isBody = context.JsonTypeInfo.Type.Name.EndsWith("Body", StringComparison.Ordinal);
            foreach (var property in context.JsonTypeInfo.Properties.Where(one => isBody ? one.IsGetNullable : IsLeftOut(one)))
            {
                schema.Required?.Remove(property.Name);
            }

            return Task.CompletedTask;
        });
        options.AddOperationTransformer(DescribeAsync);
    });

    public static void MapApiDocument(this WebApplication app)
    {
        app.MapOpenApi("/openapi/{documentName}.json");
        app.MapScalarApiReference("/docs", options => options.WithTitle("Sophia").DisableDefaultFonts());
    }

    private static bool IsLeftOut(JsonPropertyInfo property) =>
        property.AssociatedParameter?.AttributeProvider?.IsDefined(typeof(LeftOutAttribute), inherit: false) == true;

    private static async Task DescribeAsync(OpenApiOperation operation, OpenApiOperationTransformerContext context, CancellationToken cancellationToken)
    {
        var metadata = context.Description.ActionDescriptor.EndpointMetadata;
        if (metadata.OfType<RouteDescription>().FirstOrDefault() is not { } described)
        {
            return;
        }

        operation.Parameters ??= [];
        foreach (var segment in (context.Description.RelativePath ?? "").Split('/').Where(s => s.StartsWith('{')))
        {
            var name = segment.Trim('{', '}');
            operation.Parameters.Add(ParameterOf(name, ParameterLocation.Path, name switch
            {
                "ns" => "[a-z0-9][a-z0-9._-]{0,127}",
                "key" => "1 to 512 characters, percent-encoded (a slash as %2F).",
                "tier" => "L0 or L1.",
                "function" => "sophia_embed, sophia_similarity, sophia_vector_search or sophia_rerank.",
                _ => "[A-Za-z0-9][A-Za-z0-9._:-]{0,127}",
            }));
        }

        foreach (var (name, place, text) in described.Parameters)
        {
            operation.Parameters.Add(ParameterOf(name, place, text));
        }

        if (described.Body is { } body)
        {
            var schema = await context.GetOrCreateSchemaAsync(body, null, cancellationToken);
            operation.RequestBody = new OpenApiRequestBody
            {
                Required = true,
                Content = new Dictionary<string, OpenApiMediaType> { ["application/json"] = new() { Schema = schema } },
            };
        }
    }

    private static OpenApiParameter ParameterOf(string name, ParameterLocation place, string text) => new()
    {
        Name = name,
        In = place,
        Required = place == ParameterLocation.Path,
        Description = text,
        Schema = new OpenApiSchema { Type = JsonSchemaType.String },
    };
}
