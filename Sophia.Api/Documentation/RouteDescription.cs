using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.OpenApi;
using Sophia.Api.Composition;

namespace Sophia.Api.Documentation;

/// <summary>What the API's description says of one route; kept as metadata of its endpoint.</summary>
internal sealed class RouteDescription
{
    public List<(string Name, ParameterLocation In, string Text)> Parameters { get; } = [];

    public Type? Body { get; set; }
}

/// <summary>Says of a route what its description shows.</summary>
internal readonly record struct DescribedRoute(IEndpointConventionBuilder Builder, RouteDescription Description)
{
    public DescribedRoute Query(string name, string text) => With(name, ParameterLocation.Query, text);

    public DescribedRoute Header(string name, string text) => With(name, ParameterLocation.Header, text);

    public DescribedRoute MinSequence() =>
        Header("Sophia-Min-Sequence", "A sequence token: the read must see that write.").Query("minSequence", "The same as Sophia-Min-Sequence.");

    public DescribedRoute Idempotent() => Header("Idempotency-Key", "1 to 255 characters: the same key and request give the same receipts for 24 hours.");

    public DescribedRoute Page() => Query("limit", "Items in a page; 50 by default.").Query("cursor", "'next' of the page before.");

    public DescribedRoute Takes<T>()
    {
        Description.Body = typeof(T);
        return this;
    }

    public DescribedRoute Answers<T>(params ReadOnlySpan<int> statuses)
    {
        foreach (var status in statuses)
        {
            Builder.WithMetadata(new ProducesResponseTypeMetadata(status, typeof(T), ["application/json"]));
        }

        return this;
    }

    /// <summary>200 with whatever was stored; its own media type stands in the answer (the description takes no wildcard).</summary>
    public DescribedRoute AnswersContent()
    {
        Builder.WithMetadata(new ProducesResponseTypeMetadata(200, typeof(Stream), ["application/octet-stream"]));
        return this;
    }

    /// <summary>A status without a body.</summary>
    public DescribedRoute AnswersNothing(int status)
    {
        Builder.WithMetadata(new ProducesResponseTypeMetadata(status));
        return this;
    }

    public DescribedRoute Refuses(params ReadOnlySpan<int> statuses)
    {
        foreach (var status in statuses)
        {
            Builder.WithMetadata(new ProducesResponseTypeMetadata(status, typeof(ProblemAnswer), ["application/problem+json"]));
        }

        return this;
    }

    private DescribedRoute With(string name, ParameterLocation place, string text)
    {
        Description.Parameters.Add((name, place, text));
        return this;
    }
}

internal static class RouteDescriptions
{
    public static DescribedRoute Describe(this EdgeRoute route, string tag, string operationId, string summary)
    {
        var description = new RouteDescription();
        route.Builder.WithMetadata(description, new TagsAttribute(tag), new EndpointNameMetadata(operationId), new EndpointSummaryAttribute(summary));
        return new DescribedRoute(route.Builder, description).Refuses(401, 403);
    }
}
