using System.CommandLine;
using Sophia.Cli.Terminal;
using Sophia.Client;

namespace Sophia.Cli;

/// <summary>The options that every command has: where the service is, who asks, and how to print.</summary>
internal static class Service
{
    public const string DefaultUrl = "http://localhost:5080";

    public static readonly Option<string?> Url = new("--url")
    {
        Description = $"The service's address. Else SOPHIA_URL, else {DefaultUrl}.", Recursive = true, HelpName = "address",
    };

    public static readonly Option<string?> ApiKey = new("--api-key")
    {
        Description = "The API key. Else SOPHIA_API_KEY. On this machine none is needed while the service has no keys.", Recursive = true, HelpName = "key",
    };

    public static readonly Option<string?> Tenant = new("--tenant")
    {
        Description = "The tenant, for a key that is good for several. Else SOPHIA_TENANT.", Recursive = true, HelpName = "name",
    };

    public static readonly Option<bool> Json = new("--json")
    {
        Description = "Print JSON: results on stdout, errors on stderr.", Recursive = true,
    };

    /// <summary>Null when it is not an address; <see cref="Connect"/> says so to the user.</summary>
    public static Uri? Address(ParseResult parse, Surroundings surroundings)
    {
        var text = parse.GetValue(Url) ?? Set(surroundings, "SOPHIA_URL") ?? DefaultUrl;
        return Uri.TryCreate(text, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https" ? uri : null;
    }

    /// <exception cref="UsageException">The address is none, or key or tenant cannot stand in a header.</exception>
    /// <param name="mayTakeHours">The answer comes when all is erased or written: it is waited for until Ctrl-C.</param>
    public static SophiaClient Connect(ParseResult parse, Surroundings surroundings, int maxRetries = 4, bool mayTakeHours = false)
    {
        var address = Address(parse, surroundings)
            ?? throw new UsageException("The service's address is not an http or https address.", $"Give one such as --url {DefaultUrl}.");
        // The handler stays with the surroundings, which outlive the command.
        var http = new HttpClient(surroundings.Network, disposeHandler: false) { Timeout = mayTakeHours ? Timeout.InfiniteTimeSpan : surroundings.Patience };
        return new SophiaClient(http, new SophiaClientOptions
        {
            BaseAddress = address,
            ApiKey = Header(KeyOf(parse, surroundings), "key"),
            Tenant = Header(TenantOf(parse, surroundings), "tenant"),
            MaxRetries = maxRetries,
            TimeProvider = surroundings.Time,
        });
    }

    public static string? TenantOf(ParseResult parse, Surroundings surroundings) => parse.GetValue(Tenant) ?? Set(surroundings, "SOPHIA_TENANT");

    /// <summary>Tells callers apart, by tenant and key; the key cannot be read from it.</summary>
    public static string Caller(ParseResult parse, Surroundings surroundings) =>
        $"{TenantOf(parse, surroundings)}\n{(KeyOf(parse, surroundings) is { } key ? Keys.ApiKey.Of(key).Hash : "")}";

    private static string? KeyOf(ParseResult parse, Surroundings surroundings) => parse.GetValue(ApiKey) ?? Set(surroundings, "SOPHIA_API_KEY");

    /// <summary>The option that names the namespace; required, so that nothing lands in one by accident.</summary>
    public static Option<string> Namespace() => new("--namespace", "-n")
    {
        Description = "The namespace.", Required = true, HelpName = "name",
    };

    // A value that was read out of a file brings the file's line end.
    private static string? Set(Surroundings surroundings, string variable) =>
        surroundings.Variable(variable)?.Trim() is { Length: > 0 } value ? value : null;

    private static string? Header(string? value, string what) => value is null || value.All(static c => c is >= ' ' and <= '~')
        ? value
        : throw new UsageException($"The {what} has characters that cannot be sent.", "Give letters, digits and punctuation of ASCII alone.");
}
