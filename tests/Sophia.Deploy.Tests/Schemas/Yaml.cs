using System.Globalization;
using System.Text.Json.Nodes;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Sophia.Deploy.Tests.Schemas;

/// <summary>YAML as the JSON that the API server gets of it: a plain scalar has a type, a quoted one is text.</summary>
internal static class Yaml
{
    public static IEnumerable<JsonObject> Documents(string yaml)
    {
        var stream = new YamlStream();
        using var reader = new StringReader(yaml);
        stream.Load(reader);
        return stream.Documents.Select(d => Json(d.RootNode)).OfType<JsonObject>();
    }

    private static JsonNode? Json(YamlNode node) => node switch
    {
        YamlMappingNode map => new JsonObject(map.Children.Select(pair => KeyValuePair.Create(((YamlScalarNode)pair.Key).Value!, Json(pair.Value)))),
        YamlSequenceNode list => new JsonArray([.. list.Children.Select(Json)]),
        YamlScalarNode { Style: ScalarStyle.Plain } plain => Plain(plain.Value!),
        YamlScalarNode scalar => JsonValue.Create(scalar.Value!),
        _ => throw new FormatException($"{node.NodeType} at {node.Start} is no JSON."),
    };

    private static JsonValue? Plain(string text) => text switch
    {
        "" or "~" or "null" or "Null" or "NULL" => null,
        "true" or "True" or "TRUE" => JsonValue.Create(true),
        "false" or "False" or "FALSE" => JsonValue.Create(false),
        // YAML 1.1, which Kubernetes reads, takes these for true and false too: no manifest may leave one unquoted.
        "yes" or "Yes" or "on" or "On" => JsonValue.Create(true),
        "no" or "No" or "off" or "Off" => JsonValue.Create(false),
        _ when double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && !char.IsAsciiLetter(text[^1]) => JsonValue.Create(number),
        _ => JsonValue.Create(text),
    };
}
