using Sophia.Api.Access;
using Sophia.Api.Problems;
using Sophia.Api.Reading;
using Sophia.Memory.Hierarchy;
using Sophia.Memory.Namespaces;

namespace Sophia.Api.Composition;

/// <summary>The namespace that an address names.</summary>
internal static class RequestNames
{
    /// <exception cref="ProblemException">invalid-namespace.</exception>
    public static string NamespaceName(this HttpContext context) => CheckNamespace((string)context.Request.RouteValues["ns"]!, "ns");

    public static string CheckNamespace(string name, string path) => NamespaceRules.IsName(name)
        ? name
        : throw Refuse.Field(path, "It is not a namespace's name.", "Use [a-z0-9][a-z0-9._-]{0,127}.", 400, "invalid-namespace");

    /// <exception cref="ProblemException">invalid-namespace, namespace-not-found.</exception>
    public static async ValueTask<NamespaceInfo> RequireNamespaceAsync(this MemoryHierarchy memory, HttpContext context, Caller caller)
    {
        var name = context.NamespaceName();
        return await memory.FindNamespaceAsync(caller.Tenant, name, context.RequestAborted) ?? throw Refuse.NamespaceNotFound(name);
    }

    /// <exception cref="ProblemException">invalid-request.</exception>
    public static string SessionId(this HttpContext context)
    {
        var id = (string)context.Request.RouteValues["id"]!;
        return NamespaceRules.IsSessionId(id) ? id : throw Refuse.Field("id", "It is not a session's id.", "Use [A-Za-z0-9][A-Za-z0-9._:-]{0,127}.");
    }
}
