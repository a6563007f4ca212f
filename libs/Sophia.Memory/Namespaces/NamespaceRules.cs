namespace Sophia.Memory.Namespaces;

/// <summary>Which names namespaces and sessions may have.</summary>
public static class NamespaceRules
{
    /// <summary>The namespace, one per tenant, that keeps its sessions. No caller can name it.</summary>
    public const string Sessions = "$sessions";

    /// <summary>What the names of the namespaces begin with that keep a tenant's answers of models. No caller can name them.</summary>
    public const string Cortex = "$cortex";

    /// <summary>What a namespace's language may be; none for words as they are written.</summary>
    public static IReadOnlyList<string> Languages { get; } = ["en", "de", "fr", "es", "none"];

    /// <summary>[a-z0-9][a-z0-9._-]{0,127}</summary>
    public static bool IsName(ReadOnlySpan<char> name)
    {
        if (name.Length is 0 or > 128 || !(char.IsAsciiLetterLower(name[0]) || char.IsAsciiDigit(name[0])))
        {
            return false;
        }

        foreach (var c in name)
        {
            if (!(char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c is '.' or '_' or '-'))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>[A-Za-z0-9][A-Za-z0-9._:-]{0,127}</summary>
    public static bool IsSessionId(ReadOnlySpan<char> id)
    {
        if (id.Length is 0 or > 128 || !char.IsAsciiLetterOrDigit(id[0]))
        {
            return false;
        }

        foreach (var c in id)
        {
            if (!(char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or ':' or '-'))
            {
                return false;
            }
        }

        return true;
    }
}
