namespace Sophia.Api.Reading;

/// <summary>The forms of names in addresses.</summary>
internal static class Names
{
    /// <summary>[a-z0-9][a-z0-9._-]{0,127}</summary>
    public static bool IsNamespace(ReadOnlySpan<char> name)
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
    public static bool IsSession(ReadOnlySpan<char> id)
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
