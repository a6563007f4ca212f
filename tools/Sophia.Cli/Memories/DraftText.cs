using System.Text.Json;
using Sophia.Cli.Terminal;
using Sophia.Client;

namespace Sophia.Cli.Memories;

/// <summary>Whether all of a draft is text that can be sent.</summary>
internal static class DraftText
{
    /// <summary>
    /// What cannot be sent of it, or null. Values within attributes and JSON contents are read only when they are written:
    /// half of a surrogate pair comes to light then.
    /// </summary>
    public static string? Flaw(MemoryDraft draft)
    {
        try
        {
            using var nowhere = new Utf8JsonWriter(Stream.Null);
            JsonSerializer.Serialize(nowhere, draft, CliJson.Default.MemoryDraft);
            return null;
        }
        catch (Exception e) when (e is InvalidOperationException or ArgumentException or JsonException)
        {
            return e.Message;
        }
    }
}
