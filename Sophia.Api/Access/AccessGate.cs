using System.Net;
using Microsoft.Extensions.Primitives;
using Sophia.Api.Answering;
using Sophia.Api.Problems;

namespace Sophia.Api.Access;

/// <summary>
/// Decides who asks. With keys, the tenant comes from the key. Without, only loopback is served, as tenant local with
/// every right; then the Host and Origin headers must be of this machine too, since a web page in a browser here can
/// be made to ask for a loopback address by any name (DNS rebinding).
/// </summary>
internal sealed class AccessGate(ApiKeyRing keys)
{
    public const string LocalTenant = "local";

    private static readonly Caller Local = new(LocalTenant, Rights.All, "loopback");

    public bool IsKeyless => keys.IsEmpty;

    /// <exception cref="ProblemException">unauthenticated, forbidden, loopback-only.</exception>
    public Caller Admit(HttpContext context, Rights needed)
    {
        var caller = keys.IsEmpty ? AdmitLoopback(context) : AdmitKey(context);
        return (caller.Rights & needed) == needed
            ? caller
            : throw Lacks(caller, needed & ~caller.Rights);
    }

    /// <summary>True for callers who may see the service's insides: with a right key, or from this machine while there are no keys.</summary>
    public bool MaySeeDetails(HttpContext context)
    {
        if (IsFromHere(context))
        {
            return true;
        }

        return !keys.IsEmpty && PresentedKey(context.Request) is { } key && keys.Find(key) is not null;
    }

    /// <summary>Metrics: from this machine, or with an admin key.</summary>
    /// <exception cref="ProblemException">unauthenticated, forbidden, loopback-only.</exception>
    public void AdmitScraper(HttpContext context)
    {
        if (keys.IsEmpty || !IsFromHere(context))
        {
            _ = Admit(context, Rights.Admin);
        }
    }

    private Caller AdmitKey(HttpContext context)
    {
        var holder = PresentedKey(context.Request) is { } key ? keys.Find(key) : null;
        if (holder is null)
        {
            throw Refuse.With(401, "unauthenticated", "The request has no key that is known here.", "Send Authorization: Bearer <key> or X-Api-Key: <key>.");
        }

        var named = context.Request.Headers[HeaderNames.Tenant];
        if (named.Count == 0)
        {
            return holder.Only ?? throw Refuse.With(400, "invalid-request", "The key is for several tenants.", "Name one in the header Sophia-Tenant.");
        }

        return named.Count == 1 && holder.ByTenant.TryGetValue(named[0]!, out var caller)
            ? caller
            : throw Refuse.With(403, "forbidden", "The key is not for this tenant.", "Name one of the key's tenants in Sophia-Tenant, or leave it out if there is one only.");
    }

    private static Caller AdmitLoopback(HttpContext context)
    {
        var request = context.Request;
        if (!IsFromHere(context) || !IsLoopbackHost(request.Host.Value) || !IsOwnOrigin(request.Headers.Origin))
        {
            throw Refuse.With(403, "loopback-only", "No API key is configured, so only this machine is served, by a loopback address.", "Configure Sophia:ApiKeys, or ask http://localhost.");
        }

        var tenant = request.Headers[HeaderNames.Tenant];
        return tenant.Count == 0 || tenant == LocalTenant
            ? Local
            : throw Refuse.With(403, "forbidden", "Without API keys there is one tenant, local.", "Leave Sophia-Tenant out, or configure Sophia:ApiKeys.");
    }

    // No address at all: a Unix socket or the test server. A forwarded request came from elsewhere, whoever hands it on; where
    // ASPNETCORE_FORWARDEDHEADERS_ENABLED is set, its header was believed, and renamed: then anybody could say that he is here.
    private static bool IsFromHere(HttpContext context) =>
        (context.Connection.RemoteIpAddress is not { } address || IPAddress.IsLoopback(address)) &&
        !context.Request.Headers.ContainsKey("X-Forwarded-For") && !context.Request.Headers.ContainsKey("X-Original-For") && !context.Request.Headers.ContainsKey("Forwarded");

    internal static bool IsLoopbackHost(ReadOnlySpan<char> host)
    {
        var colon = host.LastIndexOf(':');
        if (colon >= 0 && !host[colon..].Contains(']'))
        {
            host = host[..colon];
        }

        return host.Equals("localhost", StringComparison.OrdinalIgnoreCase) || host.SequenceEqual("127.0.0.1") || host.SequenceEqual("[::1]");
    }

    private static bool IsOwnOrigin(StringValues origin)
    {
        if (origin.Count == 0)
        {
            return true;
        }

        return origin.Count == 1 && Uri.TryCreate(origin[0], UriKind.Absolute, out var uri) && IsLoopbackHost(uri.Host);
    }

    private static string? PresentedKey(HttpRequest request)
    {
        const string Scheme = "Bearer ";
        var authorization = request.Headers.Authorization;
        if (authorization.Count == 1 && authorization[0] is { } value && value.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase))
        {
            return value[Scheme.Length..].Trim();
        }

        var header = request.Headers[HeaderNames.ApiKey];
        return authorization.Count == 0 && header.Count == 1 ? header[0] : null;
    }

    private static ProblemException Lacks(Caller caller, Rights missing) => Refuse.With(
        403, "forbidden", $"The key '{caller.Name}' has no right to {Word(missing)}.", $"Use a key with the scope {Word(missing)}.");

    private static string Word(Rights rights) => rights switch
    {
        Rights.Read => "read",
        Rights.Write => "write",
        Rights.Write | Rights.Admin => "write and admin",
        _ => "admin",
    };
}
