namespace Sophia.Api.Access;

/// <summary>What a caller may do. They do not include each other.</summary>
[Flags]
internal enum Rights
{
    None = 0,

    /// <summary>Records, searches, sessions, changes, tiers.</summary>
    Read = 1,

    /// <summary>Puts, deletes, forgets, turns.</summary>
    Write = 2,

    /// <summary>Settings of namespaces, metrics. Removing a namespace takes its records too, and so the right to write as well.</summary>
    Admin = 4,

    All = Read | Write | Admin,
}

/// <summary>Who asks: the tenant whose data the request may touch, and what it may do there.</summary>
internal sealed record Caller(string Tenant, Rights Rights, string Name);
