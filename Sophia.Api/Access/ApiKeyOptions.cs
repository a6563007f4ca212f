namespace Sophia.Api.Access;

/// <summary>One key, as configured under Sophia:ApiKeys. Only its hash is kept.</summary>
public sealed record ApiKeyOptions
{
    /// <summary>For logs and messages.</summary>
    public string? Name { get; init; }

    /// <summary>"sha256:" and the 64 hexadecimal digits of the key's SHA-256.</summary>
    public string? Hash { get; init; }

    /// <summary>Refused at start: a key in plain text. It is here so that the refusal can say what to do.</summary>
    public string? Key { get; init; }

    /// <summary>The one tenant of the key.</summary>
    public string? Tenant { get; init; }

    /// <summary>Instead of <see cref="Tenant"/>, several; requests name one in Sophia-Tenant.</summary>
    public IReadOnlyList<string> Tenants { get; init; } = [];

    /// <summary>Of read, write, admin.</summary>
    public IReadOnlyList<string> Scopes { get; init; } = [];
}
