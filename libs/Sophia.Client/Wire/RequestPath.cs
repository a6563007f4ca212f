using System.Globalization;
using System.Text;

namespace Sophia.Client;

/// <summary>Builds the path and query of a request; every part that comes from a caller is percent-encoded.</summary>
internal sealed class RequestPath
{
    private readonly StringBuilder _text = new();
    private bool _hasQuery;

    public RequestPath(string root) => _text.Append(root);

    /// <exception cref="ArgumentException">The part is empty, "." or "..", which no URL can carry as a segment (RFC 3986, 5.2.4).</exception>
    public RequestPath Segment(string part, string parameter)
    {
        ArgumentException.ThrowIfNullOrEmpty(part, parameter);
        if (part is "." or "..")
            throw new ArgumentException(
                $"\"{part}\" cannot stand in a URL. Write it in a batch, and erase it with a forget by key.", parameter);
        _text.Append('/').Append(Uri.EscapeDataString(part));
        return this;
    }

    public RequestPath Literal(string part)
    {
        _text.Append('/').Append(part);
        return this;
    }

    /// <summary>Nothing when the value is null.</summary>
    public RequestPath Query(string name, string? value)
    {
        if (value is null) return this;
        _text.Append(_hasQuery ? '&' : '?').Append(name).Append('=').Append(Uri.EscapeDataString(value));
        _hasQuery = true;
        return this;
    }

    public RequestPath Query(string name, int? value) => Query(name, value?.ToString(CultureInfo.InvariantCulture));

    public RequestPath Query(string name, DateTimeOffset? value) =>
        Query(name, value?.ToString("O", CultureInfo.InvariantCulture));

    public RequestPath Query(string name, IReadOnlyList<string> values)
    {
        foreach (var value in values) Query(name, value);
        return this;
    }

    public override string ToString() => _text.ToString();
}
