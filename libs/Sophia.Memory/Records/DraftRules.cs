using System.Text;

namespace Sophia.Memory.Records;

/// <summary>What is wrong with a draft: where, what, and what to do.</summary>
public sealed record RuleViolation(string Path, string Code, string Message, string Suggestion);

/// <summary>The limits that every record keeps. All are inclusive.</summary>
public sealed record RecordLimits
{
    public int KeyChars { get; init; } = 512;

    /// <summary>Bytes of content; 1 MiB by default.</summary>
    public int ContentBytes { get; init; } = 1 << 20;

    public int Tags { get; init; } = 256;

    public int TagChars { get; init; } = 128;

    /// <summary>Bytes of the attributes' JSON.</summary>
    public int AttributeBytes { get; init; } = 64 * 1024;

    public int ContentTypeChars { get; init; } = 128;

    public int ProvenanceChars { get; init; } = 1024;
}

/// <summary>Checks drafts against the limits.</summary>
public static class DraftRules
{
    /// <summary>The greatest dimension a vector may have.</summary>
    public const int MaxDimensions = 4096;

    /// <summary>Null when the key may be used; otherwise what is wrong with it.</summary>
    public static RuleViolation? CheckKey(string? key, RecordLimits limits)
    {
        if (string.IsNullOrEmpty(key) || key.Length > limits.KeyChars)
        {
            return new("key", "invalid-key", $"A key has 1 to {limits.KeyChars} characters; this one has {key?.Length ?? 0}.", "Shorten it, or use a hash of it as the key.");
        }

        for (var i = 0; i < key.Length; i++)
        {
            var c = key[i];
            if (char.IsControl(c))
            {
                return new("key", "invalid-key", $"The key has a control character at position {i}.", "Use printable characters.");
            }

            if (char.IsSurrogate(c) && !(char.IsHighSurrogate(c) && i + 1 < key.Length && char.IsLowSurrogate(key[++i])))
            {
                return new("key", "invalid-key", $"The key has half of a surrogate pair at position {i}.", "Send well-formed Unicode.");
            }
        }

        return null;
    }

    /// <summary>The first rule that the draft breaks, or null.</summary>
    public static RuleViolation? Check(RecordDraft draft, RecordLimits limits)
    {
        if (CheckKey(draft.Key, limits) is { } keyViolation)
        {
            return keyViolation;
        }

        if (draft.Content is { } content && content.Length > limits.ContentBytes)
        {
            return new("content", "too-large", $"The content has {content.Length:N0} bytes, the limit is {limits.ContentBytes:N0}.", "Split it into several records.");
        }

        if (draft.Content is null && draft.WhenPresent != WhenPresent.Merge)
        {
            return new("content", "invalid-record", "The record has no content.", "Give content or contentBase64, or merge into a record that is there (ifPresent: merge).");
        }

        return CheckContentType(draft, limits) ?? CheckTags(draft.Tags, limits) ?? CheckAttributes(draft.Attributes, limits)
            ?? CheckTimes(draft) ?? CheckProvenance(draft.Provenance, limits) ?? CheckVector(draft.Vector, "vector");
    }

    /// <summary>Null when the vector may be stored or searched with: 1–4,096 finite components, not all of them zero.</summary>
    public static RuleViolation? CheckVector(float[]? vector, string path)
    {
        if (vector is null)
        {
            return null;
        }

        if (vector.Length is 0 or > MaxDimensions)
        {
            return new(path, "invalid-vector", $"A vector has 1 to {MaxDimensions:N0} components; this one has {vector.Length:N0}.", "Send the vector of the namespace's dimension, or none.");
        }

        double squares = 0;
        for (var i = 0; i < vector.Length; i++)
        {
            if (!float.IsFinite(vector[i]))
            {
                return new($"{path}[{i}]", "invalid-vector", "A component is not a finite 32-bit number.", "Send finite numbers only.");
            }

            squares += (double)vector[i] * vector[i];
        }

        return squares == 0
            ? new(path, "invalid-vector", "The vector is all zeros; it has no direction to compare.", "Send no vector when there is none.")
            : null;
    }

    private static RuleViolation? CheckContentType(RecordDraft draft, RecordLimits limits)
    {
        var type = draft.ContentType;
        var slash = type.IndexOf('/', StringComparison.Ordinal);
        var wellFormed = slash > 0 && slash < type.Length - 1 && type.Length <= limits.ContentTypeChars;
        for (var i = 0; wellFormed && i < type.Length; i++)
        {
            wellFormed = type[i] is >= ' ' and <= '~';
        }

        return wellFormed ? null : new("contentType", "invalid-record", $"'{Shorten(type)}' is not a media type of at most {limits.ContentTypeChars} characters.", "Write it as in text/markdown.");
    }

    private static RuleViolation? CheckTags(IReadOnlyList<string> tags, RecordLimits limits)
    {
        if (tags.Count > limits.Tags)
        {
            return new("tags", "invalid-record", $"There are {tags.Count:N0} tags, the limit is {limits.Tags}.", "Put what varies per record into attributes.");
        }

        for (var i = 0; i < tags.Count; i++)
        {
            if (string.IsNullOrEmpty(tags[i]) || tags[i].Length > limits.TagChars || !IsWellFormed(tags[i]))
            {
                return new($"tags[{i}]", "invalid-record", $"A tag has 1 to {limits.TagChars} well-formed characters and no control characters.", "Shorten or drop the tag.");
            }
        }

        return null;
    }

    private static RuleViolation? CheckAttributes(ReadOnlyMemory<byte> attributes, RecordLimits limits) =>
        attributes.Length > limits.AttributeBytes
            ? new("attributes", "too-large", $"The attributes have {attributes.Length:N0} bytes of JSON, the limit is {limits.AttributeBytes:N0}.", "Put large values into the content.")
            : null;

    private static RuleViolation? CheckTimes(RecordDraft draft) =>
        draft.ValidFrom is { } from && draft.ValidTo is { } to && to <= from
            ? new("validTo", "invalid-record", "validTo is not later than validFrom.", "Give an interval that has a length, or leave one end out.")
            : null;

    private static RuleViolation? CheckProvenance(Provenance? provenance, RecordLimits limits)
    {
        if (provenance is null)
        {
            return null;
        }

        foreach (var part in (ReadOnlySpan<string?>)[provenance.Source, provenance.Agent, provenance.Session, provenance.Uri])
        {
            if (part is not null && (part.Length > limits.ProvenanceChars || !IsWellFormed(part)))
            {
                return new("provenance", "invalid-record", $"A part of the provenance has over {limits.ProvenanceChars:N0} characters, or characters that are not text.", "Shorten it.");
            }
        }

        return null;
    }

    /// <summary>True for text without control characters and without halves of surrogate pairs.</summary>
    public static bool IsWellFormed(ReadOnlySpan<char> text)
    {
        while (!text.IsEmpty)
        {
            if (Rune.DecodeFromUtf16(text, out var rune, out var consumed) != System.Buffers.OperationStatus.Done || Rune.IsControl(rune))
            {
                return false;
            }

            text = text[consumed..];
        }

        return true;
    }

    private static string Shorten(string text) => text.Length <= 40 ? text : string.Concat(text.AsSpan(0, 40), "…");
}
