using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace Sophia.Console.Tests.Harness;

/// <summary>
/// Real text that is wherever the tests can be built: what the SDK's reference packs say about each member of .NET. A
/// record a member, keyed by its name.
/// </summary>
internal static partial class Library
{
    private const int ShortestText = 60;
    private const int LongestKey = 500;

    /// <exception cref="InvalidOperationException">There is less text than asked for.</exception>
    public static List<JsonObject> Records(int count)
    {
        var records = new List<JsonObject>(count);
        var keys = new HashSet<string>(StringComparer.Ordinal);
        foreach (var file in Documents())
        {
            foreach (var member in XDocument.Load(file).Descendants("member"))
            {
                var text = Blanks().Replace(string.Join(' ', member.Elements().Where(e => e.Name.LocalName is "summary" or "returns" or "remarks").Select(e => e.Value)), " ").Trim();
                var name = (string?)member.Attribute("name");
                if (name is null || name.Length > LongestKey || text.Length < ShortestText || !keys.Add(name))
                {
                    continue;
                }

                records.Add(new JsonObject
                {
                    ["key"] = name,
                    ["content"] = text,
                    ["tags"] = new JsonArray(KindOf(name[0])),
                    ["attributes"] = new JsonObject { ["assembly"] = Path.GetFileNameWithoutExtension(file), ["length"] = text.Length },
                });
                if (records.Count == count)
                {
                    return records;
                }
            }
        }

        throw new InvalidOperationException($"The reference packs beside the runtime have only {records.Count} texts.");
    }

    private static string KindOf(char letter) => letter switch { 'T' => "type", 'M' => "method", 'P' => "property", 'F' => "field", _ => "event" };

    // The runtime is at <sdk>/shared/Microsoft.NETCore.App/<version>, the packs are at <sdk>/packs.
    private static IEnumerable<string> Documents()
    {
        var sdk = new FileInfo(typeof(object).Assembly.Location).Directory!.Parent!.Parent!.Parent!.FullName;
        var packs = Path.Combine(sdk, "packs", "Microsoft.NETCore.App.Ref");
        return Directory.Exists(packs) ? Directory.EnumerateFiles(packs, "System.*.xml", SearchOption.AllDirectories).Order(StringComparer.Ordinal) : [];
    }

    [GeneratedRegex(@"\s+")]
    private static partial Regex Blanks();
}
