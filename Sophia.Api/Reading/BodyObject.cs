using System.Text.Json;
using Sophia.Api.Problems;

namespace Sophia.Api.Reading;

/// <summary>One JSON object of a request with the place where it stands; asks for properties by form and range.</summary>
internal readonly struct BodyObject
{
    private static readonly JsonDocumentOptions Options = new() { MaxDepth = 64, AllowDuplicateProperties = false };

    private readonly JsonElement _element;
    private readonly string _path;

    private BodyObject(JsonElement element, string path) => (_element, _path) = (element, path);

    /// <summary>Parses a body that must be an object.</summary>
    /// <exception cref="ProblemException">malformed-json, invalid-request.</exception>
    public static (JsonDocument Document, BodyObject Object) Parse(RequestBody body)
    {
        try
        {
            var document = JsonDocument.Parse(body.Json, Options);
            return (document, Of(document.RootElement, ""));
        }
        catch (JsonException e)
        {
            throw MalformedJson.Of(e, body.Json.Span, ", or too deep, or an object has a property twice");
        }
        catch (InvalidOperationException)
        {
            throw Refuse.Malformed("A property's name has half of a surrogate pair, which is not text.");
        }
    }

    public static BodyObject Of(JsonElement element, string path) => element.ValueKind == JsonValueKind.Object
        ? new BodyObject(element, path)
        : throw Refuse.Field(path.Length == 0 ? "$" : path, $"It is an object, not {Word(element.ValueKind)}.", "See /docs for the form of the body.");

    public string At(string name) => _path.Length == 0 ? name : name.Length == 0 ? _path : $"{_path}.{name}";

    public void Allow(params ReadOnlySpan<string> names)
    {
        foreach (var property in _element.EnumerateObject())
        {
            var name = NameOf(property);
            if (!names.Contains(name))
            {
                throw Refuse.Field(At(name.Length <= 64 ? name : name[..64] + "…"), "There is no such property.", $"Known are: {string.Join(", ", names.ToArray())}.");
            }
        }
    }

    public IEnumerable<(string Name, JsonElement Value)> Properties()
    {
        foreach (var property in _element.EnumerateObject())
        {
            yield return (NameOf(property), property.Value);
        }
    }

    /// <summary>False when it is absent or null.</summary>
    public bool TryGet(string name, out JsonElement value) =>
        _element.TryGetProperty(name, out value) && value.ValueKind != JsonValueKind.Null;

    public string? Text(string name, int maxChars)
    {
        if (!TryGet(name, out var value))
        {
            return null;
        }

        var text = TextOf(value, At(name));
        return text.Length <= maxChars ? text : throw Refuse.Field(At(name), $"It has {text.Length:N0} characters, the limit is {maxChars:N0}.", "Shorten it.");
    }

    /// <summary>What keys begin with: a store may not take other characters than keys have.</summary>
    public string? KeyPrefix(string name, int maxChars)
    {
        var prefix = Text(name, maxChars);
        return prefix is null || Sophia.Memory.Records.DraftRules.IsWellFormed(prefix)
            ? prefix
            : throw Refuse.Field(At(name), "It has characters that no key has.", "Send text without control characters.");
    }

    public string[] Texts(string name, int maxItems, int maxChars)
    {
        if (!TryGet(name, out var value))
        {
            return [];
        }

        Require(value, JsonValueKind.Array, At(name));
        if (value.GetArrayLength() > maxItems)
        {
            throw Refuse.Field(At(name), $"It has {value.GetArrayLength():N0} items, the limit is {maxItems:N0}.", "Send fewer at once.");
        }

        var texts = new string[value.GetArrayLength()];
        for (var i = 0; i < texts.Length; i++)
        {
            var at = $"{At(name)}[{i}]";
            texts[i] = TextOf(value[i], at);
            if (texts[i].Length is 0 || texts[i].Length > maxChars)
            {
                throw Refuse.Field(at, $"It has {texts[i].Length:N0} characters, 1 to {maxChars:N0} are taken.", "Shorten it, or leave it out.");
            }
        }

        return texts;
    }

    public long? Whole(string name, long min, long max)
    {
        if (!TryGet(name, out var value))
        {
            return null;
        }

        return value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out var number) && number >= min && number <= max
            ? number
            : throw Refuse.Field(At(name), $"It is not a whole number from {min:N0} to {max:N0}.", "Send a number in this range, or leave it out.");
    }

    public bool? Truth(string name)
    {
        if (!TryGet(name, out var value))
        {
            return null;
        }

        return value.ValueKind is JsonValueKind.True or JsonValueKind.False
            ? value.GetBoolean()
            : throw Refuse.Field(At(name), $"It is true or false, not {Word(value.ValueKind)}.", "Send it without quotes.");
    }

    public DateTimeOffset? Time(string name)
    {
        if (!TryGet(name, out var value))
        {
            return null;
        }

        return Times.TryParse(TextOf(value, At(name)), out var time)
            ? time
            : throw Refuse.Field(At(name), "It is not a time of RFC 3339 with an offset.", "Write it as 2027-01-31T12:00:00Z.");
    }

    /// <summary>A list of numbers, 1–4,096; more is left to the rules of vectors.</summary>
    public float[]? Vector(string name)
    {
        if (!TryGet(name, out var value))
        {
            return null;
        }

        Require(value, JsonValueKind.Array, At(name));
        var length = value.GetArrayLength();
        var vector = new float[length];
        var i = 0;
        foreach (var component in value.EnumerateArray())
        {
            if (component.ValueKind != JsonValueKind.Number || !component.TryGetSingle(out vector[i]) || !float.IsFinite(vector[i]))
            {
                throw Refuse.Field($"{At(name)}[{i}]", "A component is not a finite 32-bit number.", "Send finite numbers only.", 422, "invalid-vector");
            }

            i++;
        }

        return Sophia.Memory.Records.DraftRules.CheckVector(vector, At(name)) is { } violation ? throw Refuse.Rule(violation) : vector;
    }

    public BodyObject? Object(string name) => TryGet(name, out var value) ? Of(value, At(name)) : null;

    /// <summary>The JSON object of a property as it was written, checked to be text throughout; empty when absent.</summary>
    public ReadOnlyMemory<byte> RawObject(string name, int maxBytes)
    {
        if (!TryGet(name, out var value))
        {
            return default;
        }

        Require(value, JsonValueKind.Object, At(name));
        RequireText(value, At(name));
        var raw = System.Runtime.InteropServices.JsonMarshal.GetRawUtf8Value(value);
        return raw.Length <= maxBytes ? raw.ToArray() : throw Refuse.Field(At(name), $"It has {raw.Length:N0} bytes of JSON, the limit is {maxBytes:N0}.", "Put large values into the content.", 413, "too-large");
    }

    public static string TextOf(JsonElement value, string at)
    {
        Require(value, JsonValueKind.String, at);
        try
        {
            return value.GetString()!;
        }
        catch (InvalidOperationException)
        {
            throw NotText(at);
        }
    }

    public static void Require(JsonElement value, JsonValueKind kind, string at)
    {
        if (value.ValueKind != kind)
        {
            throw Refuse.Field(at, $"It is {Word(kind)}, not {Word(value.ValueKind)}.", "See /docs for the form of the body.");
        }
    }

    private static void RequireText(JsonElement value, string at)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.String:
                _ = TextOf(value, at);
                break;
            case JsonValueKind.Array:
                foreach (var item in value.EnumerateArray())
                {
                    RequireText(item, at);
                }

                break;
            case JsonValueKind.Object:
                foreach (var (_, inner) in Of(value, at).Properties())
                {
                    RequireText(inner, at);
                }

                break;
        }
    }

    private string NameOf(JsonProperty property)
    {
        try
        {
            return property.Name;
        }
        catch (InvalidOperationException)
        {
            throw NotText(At(""));
        }
    }

    private static ProblemException NotText(string at) =>
        Refuse.Field(at.Length == 0 ? "$" : at, "It has half of a surrogate pair, which is not text.", "Send well-formed Unicode.");

    private static string Word(JsonValueKind kind) => kind switch
    {
        JsonValueKind.Object => "an object",
        JsonValueKind.Array => "an array",
        JsonValueKind.String => "a string",
        JsonValueKind.Number => "a number",
        JsonValueKind.True or JsonValueKind.False => "true or false",
        _ => "null",
    };
}
