using Microsoft.Extensions.Primitives;
using Sophia.Api.Problems;
using Sophia.Memory.Log;

namespace Sophia.Api.Reading;

/// <summary>If-Match and If-None-Match (RFC 9110, 13.1). An etag is a sequence token in quotes; weak ones never match a write.</summary>
internal static class Conditions
{
    /// <summary>What If-Match asks for.</summary>
    /// <param name="IsAny">It was *.</param>
    /// <param name="Sequences">The versions that were named and could be ours; empty when none can match.</param>
    public readonly record struct IfMatch(bool IsGiven, bool IsAny, IReadOnlyList<Sequence> Sequences);

    public static IfMatch ReadIfMatch(HttpRequest request)
    {
        var header = request.Headers.IfMatch;
        if (header.Count == 0)
        {
            return default;
        }

        if (header.Count == 1 && header[0] is "*")
        {
            return new IfMatch(true, true, []);
        }

        var sequences = new List<Sequence>();
        foreach (var (tag, isWeak) in Tags(header, "If-Match"))
        {
            if (!isWeak && Sequence.TryParse(tag, out var sequence) && !sequence.IsNone)
            {
                sequences.Add(sequence);
            }
        }

        return new IfMatch(true, false, sequences);
    }

    /// <summary>True for If-None-Match: *, the one form that writes take.</summary>
    public static bool ReadMustNotExist(HttpRequest request)
    {
        var header = request.Headers.IfNoneMatch;
        return header.Count != 0 && (header.Count == 1 && header[0] is "*" ? true
            : throw Refuse.Field("If-None-Match", "With a write it can only be *.", "Send If-None-Match: *, or If-Match with the etag that you have."));
    }

    /// <summary>True when a read may be answered with 304. Weak comparison, as RFC 9110 has it for If-None-Match.</summary>
    public static bool IsNotModified(StringValues header, ReadOnlySpan<char> etag)
    {
        if (header.Count == 1 && header[0] is { } one && (one.AsSpan().SequenceEqual(etag) || one is "*"))
        {
            return true;
        }

        foreach (var (tag, _) in Tags(header, "If-None-Match"))
        {
            if (etag.Length == tag.Length + 2 && etag[1..^1].SequenceEqual(tag))
            {
                return true;
            }
        }

        return false;
    }

    private static List<(string Tag, bool IsWeak)> Tags(StringValues header, string name)
    {
        const int MaxTags = 256;
        var tags = new List<(string, bool)>();
        foreach (var line in header)
        {
            var rest = line.AsSpan().Trim();
            while (!rest.IsEmpty)
            {
                var isWeak = rest.StartsWith("W/", StringComparison.Ordinal);
                rest = isWeak ? rest[2..] : rest;
                var end = rest.Length > 1 && rest[0] == '"' ? rest[1..].IndexOf('"') : -1;
                if (end < 0 || tags.Count == MaxTags)
                {
                    throw Refuse.Field(name, "It is not a list of etags in double quotes.", $"Send {name}: \"<etag>\", as the ETag header had it.");
                }

                tags.Add((rest.Slice(1, end).ToString(), isWeak));
                rest = rest[(end + 2)..].TrimStart();
                if (!rest.IsEmpty && rest[0] != ',')
                {
                    throw Refuse.Field(name, "Etags are separated by commas.", $"Send {name}: \"<etag>\", \"<etag>\".");
                }

                rest = rest.IsEmpty ? rest : rest[1..].TrimStart();
            }
        }

        return tags;
    }
}
