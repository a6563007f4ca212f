using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Sophia.Deploy.Tests.Schemas;

/// <summary>
/// Checks a value by a schema as the API server does with strict field validation: types, unknown and required fields, enums, patterns,
/// bounds, lists that are sets or maps (Kubernetes: "Extend the Kubernetes API with CustomResourceDefinitions", structural schemas), and
/// references and formats of Kubernetes' own OpenAPI. Rules in CEL are not evaluated: they are named.
/// </summary>
internal sealed class StructuralSchema(JsonObject root, Func<string, JsonObject>? resolve = null)
{
    private readonly List<string> _errors = [];
    private readonly HashSet<(string Path, string Rule)> _notEvaluated = [];

    public static (IReadOnlyList<string> Errors, IReadOnlyCollection<(string Path, string Rule)> NotEvaluated) Check(JsonNode? value, JsonObject schema, Func<string, JsonObject>? resolve = null)
    {
        var check = new StructuralSchema(schema, resolve);
        check.Value(value, check.Resolved(schema), "", structural: true);
        return (check._errors, check._notEvaluated);
    }

    /// <summary>Follows a reference, also one that stands alone in allOf, as Kubernetes' OpenAPI writes fields with a description.</summary>
    internal JsonObject Resolved(JsonObject schema)
    {
        while (Reference(schema) is { } reference)
        {
            schema = (resolve ?? throw new InvalidOperationException($"{reference} in {root.ToJsonString()[..40]}"))(reference);
        }

        return schema;
    }

    private static string? Reference(JsonObject schema) =>
        (string?)(schema["$ref"] ?? (schema["allOf"] is JsonArray { Count: 1 } all ? all[0]!["$ref"] : null));

    private void Value(JsonNode? value, JsonObject schema, string path, bool structural)
    {
        foreach (var rule in schema["x-kubernetes-validations"] as JsonArray ?? [])
        {
            _notEvaluated.Add((path, (string)rule!["rule"]!));
        }

        if (value is null)
        {
            if ((bool?)schema["nullable"] != true && Type(schema) is not null) Error(path, "is null.");
            return;
        }

        if (!IsOfType(value, schema))
        {
            Error(path, $"is {value.ToJsonString()}, which is no {Type(schema) ?? "whole number or text"}.");
            return;
        }

        if (schema["enum"] is JsonArray allowed && !allowed.Any(a => a!.ToJsonString() == value.ToJsonString())) Error(path, $"is {value.ToJsonString()}; it may be {string.Join(", ", allowed.Select(a => a!.ToJsonString()))}.");
        switch (value)
        {
            case JsonObject fields: Fields(fields, schema, path, structural); break;
            case JsonArray items: Items(items, schema, path, structural); break;
            case JsonValue scalar: Scalar(scalar, schema, path); break;
        }

        Combined(value, schema, path);
    }

    private void Fields(JsonObject fields, JsonObject schema, string path, bool structural)
    {
        var properties = schema["properties"] as JsonObject;
        foreach (var name in (schema["required"] as JsonArray ?? []).Select(r => (string)r!).Where(r => !fields.ContainsKey(r)))
        {
            if (!HasDefault(properties?[name])) Error(path, $"lacks {name}.");
        }

        foreach (var (name, value) in fields)
        {
            var at = $"{path}.{name}";
            // The API server knows these of each object, whatever its schema says.
            if (path.Length == 0 && name is "apiVersion" or "kind" or "metadata" && properties?[name]?["properties"] is null && properties?[name]?["allOf"] is null) continue;
            if (properties?[name] is JsonObject field) Value(value, Resolved(field), at, structural);
            else if (schema["additionalProperties"] is JsonObject each) Value(value, Resolved(each), at, structural);
            else if (structural && !KeepsUnknown(schema, properties)) Error(at, "is not a field.");
        }

        Count(fields.Count, schema, "Properties", path);
    }

    private void Items(JsonArray items, JsonObject schema, string path, bool structural)
    {
        for (var i = 0; schema["items"] is JsonObject each && i < items.Count; i++)
        {
            Value(items[i], Resolved(each), $"{path}[{i}]", structural);
        }

        Count(items.Count, schema, "Items", path);
        var keys = (string?)schema["x-kubernetes-list-type"] switch
        {
            "map" => items.Select(item => string.Join('/', ((JsonArray)schema["x-kubernetes-list-map-keys"]!).Select(k => item?[(string)k!]?.ToJsonString()))),
            "set" => items.Select(item => item?.ToJsonString()),
            _ => (bool?)schema["uniqueItems"] == true ? items.Select(item => item?.ToJsonString()) : [],
        };
        foreach (var twice in keys.GroupBy(k => k).Where(g => g.Count() > 1)) Error(path, $"has {twice.Key} twice.");
    }

    private void Scalar(JsonValue scalar, JsonObject schema, string path)
    {
        if (scalar.TryGetValue<string>(out var text))
        {
            Count(text.Length, schema, "Length", path);
            if ((string?)schema["pattern"] is { } pattern && !Regex.IsMatch(text, pattern, RegexOptions.CultureInvariant)) Error(path, $"is '{text}', which does not match {pattern}.");
            if ((string?)schema["format"] == "date-time" && !DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, out _)) Error(path, $"is '{text}', which is no time.");
        }
        else if (scalar.TryGetValue<double>(out var number))
        {
            if ((double?)schema["minimum"] is { } least && number < least) Error(path, $"is {number}; the least is {least}.");
            if ((double?)schema["maximum"] is { } most && number > most) Error(path, $"is {number}; the most is {most}.");
            if ((string?)schema["format"] == "int32" && number is < int.MinValue or > int.MaxValue) Error(path, $"is {number}, which 32 bits do not hold.");
        }
    }

    /// <summary>What stands in allOf, anyOf, oneOf and not restricts values, and knows no fields of its own.</summary>
    private void Combined(JsonNode value, JsonObject schema, string path)
    {
        bool Fits(JsonNode? other)
        {
            var check = new StructuralSchema(root, resolve);
            check.Value(value, check.Resolved((JsonObject)other!), path, structural: false);
            return check._errors.Count == 0;
        }

        if (schema["allOf"] is JsonArray all && !all.All(Fits)) Error(path, "does not fit each of allOf.");
        if (schema["anyOf"] is JsonArray any && !any.Any(Fits)) Error(path, "fits none of anyOf.");
        if (schema["oneOf"] is JsonArray one && one.Count(Fits) != 1) Error(path, "does not fit one of oneOf.");
        if (schema["not"] is JsonObject not && Fits(not)) Error(path, "is what it must not be.");
    }

    private void Count(int count, JsonObject schema, string of, string path)
    {
        if ((double?)schema[$"min{of}"] is { } least && count < least) Error(path, $"has {count}; the least is {least}.");
        if ((double?)schema[$"max{of}"] is { } most && count > most) Error(path, $"has {count}; the most is {most}.");
    }

    /// <summary>A default stands in for a required field; the zero of a type is what Go's code leaves there, and nothing that is meant.</summary>
    private static bool HasDefault(JsonNode? field) => field?["default"]?.ToJsonString() is not (null or "\"\"" or "0" or "{}");

    private static bool KeepsUnknown(JsonObject schema, JsonObject? properties) =>
        (bool?)schema["x-kubernetes-preserve-unknown-fields"] == true || schema["additionalProperties"] is JsonValue open && (bool)open || properties is null && Type(schema) is null;

    private static string? Type(JsonObject schema) => (string?)schema["type"];

    private static bool IsOfType(JsonNode value, JsonObject schema)
    {
        if ((bool?)schema["x-kubernetes-int-or-string"] == true || (string?)schema["format"] == "int-or-string") return IsWhole(value) || IsText(value);
        return Type(schema) switch
        {
            null => true,
            "object" => value is JsonObject,
            "array" => value is JsonArray,
            "string" => IsText(value),
            "integer" => IsWhole(value),
            "number" => value is JsonValue number && number.TryGetValue<double>(out _),
            "boolean" => value is JsonValue flag && flag.TryGetValue<bool>(out _),
            var other => throw new InvalidOperationException($"A schema has the type {other}."),
        };
    }

    private static bool IsText(JsonNode value) => value is JsonValue scalar && scalar.TryGetValue<string>(out _);

    private static bool IsWhole(JsonNode value) => value is JsonValue scalar && scalar.TryGetValue<double>(out var number) && number == Math.Floor(number);

    private void Error(string path, string what) => _errors.Add($"{(path.Length == 0 ? "The object" : path.TrimStart('.'))} {what}");
}
