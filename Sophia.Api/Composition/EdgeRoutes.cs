using System.Reflection;
using Sophia.Api.Access;

namespace Sophia.Api.Composition;

/// <summary>Answers a request of a caller who may make it.</summary>
internal delegate Task EdgeHandler(HttpContext context, Caller caller);

/// <summary>Maps handlers behind the gate: a route cannot be made without saying which right it needs.</summary>
internal static class EdgeRoutes
{
    // The API description reads a method's parameters; ours are in the address and the body and described by hand.
    private static readonly MethodInfo Described = ((RequestDelegate)NoParameters).Method;

    public static EdgeRoute MapEdge(this IEndpointRouteBuilder routes, string method, string pattern, Rights right, EdgeHandler handler)
    {
        var gate = routes.ServiceProvider.GetRequiredService<AccessGate>();
        RequestDelegate guarded = context => handler(context, gate.Admit(context, right));
        if (method == "GET")
        {
            routes.MapMethods(pattern, ["HEAD"], guarded);
        }

        return new EdgeRoute(routes.MapMethods(pattern, [method], guarded).WithMetadata(Described));
    }

    /// <summary>For callers who are known by something else than an API key; the handler sees to it.</summary>
    public static EdgeRoute MapOpen(this IEndpointRouteBuilder routes, string method, string pattern, RequestDelegate handler) =>
        new(routes.MapMethods(pattern, [method], handler).WithMetadata(Described));

    private static Task NoParameters(HttpContext context) => Task.CompletedTask;
}

/// <summary>A mapped route, to be described.</summary>
internal readonly record struct EdgeRoute(IEndpointConventionBuilder Builder);
