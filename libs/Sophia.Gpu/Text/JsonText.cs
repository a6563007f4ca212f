using System.Diagnostics.CodeAnalysis;
using System.Text.Json;

namespace Sophia.Gpu.Text;

/// <summary>Strings of JSON that may not be text.</summary>
internal static class JsonText
{
    /// <summary>False for half a surrogate pair written as an escape: JSON's grammar lets it through, but it is no text.</summary>
    public static bool TryRead(ref Utf8JsonReader reader, [NotNullWhen(true)] out string? text)
    {
        try
        {
            text = reader.GetString();
            return text is not null;
        }
        catch (InvalidOperationException)
        {
            text = null;
            return false;
        }
    }
}
