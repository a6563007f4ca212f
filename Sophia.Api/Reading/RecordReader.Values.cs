using System.Buffers;
using System.Text.Json;
using Sophia.Api.Problems;
using Sophia.Memory.Records;

namespace Sophia.Api.Reading;

/// <summary>The values of a record's properties.</summary>
internal ref partial struct RecordReader
{
    private (ReadOnlyMemory<byte> Content, ContentKind Kind) Content()
    {
        if (_json.TokenType != JsonTokenType.String)
        {
            return (Raw("content"), ContentKind.Json);
        }

        if (!_json.ValueIsEscaped)
        {
            return (_json.ValueSpan.ToArray(), ContentKind.Text);
        }

        var unescaped = ArrayPool<byte>.Shared.Rent(_json.ValueSpan.Length);
        try
        {
            return (unescaped.AsSpan(0, _json.CopyString(unescaped)).ToArray(), ContentKind.Text);
        }
        catch (InvalidOperationException)
        {
            throw NotText("content");
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(unescaped);
        }
    }

    private byte[] Base64()
    {
        RequireType(JsonTokenType.String, "contentBase64");
        return _json.TryGetBytesFromBase64(out var bytes) ? bytes : throw Refuse.Field(At("contentBase64"), "It is not base64.", "Use the alphabet with + and /, with padding.");
    }

    private List<string> Tags()
    {
        RequireType(JsonTokenType.StartArray, "tags");
        var tags = new List<string>();
        var count = 0;
        while (_json.Read() && _json.TokenType != JsonTokenType.EndArray)
        {
            if (_json.TokenType != JsonTokenType.String)
            {
                throw Refuse.Field(At($"tags[{count}]"), $"A tag is a string, not {Word(_json.TokenType)}.", "Write it in quotes.");
            }

            // Beyond the limit they are only counted.
            if (count++ < _limits.Tags)
            {
                var tag = TryString(ref _json) ?? throw NotText($"tags[{count - 1}]");
                if (!tags.Contains(tag))
                {
                    tags.Add(tag);
                }
            }
        }

        return count <= _limits.Tags ? tags : throw Refuse.Field(At("tags"), $"There are {count:N0} tags, the limit is {_limits.Tags}.", "Put what varies per record into attributes.", 422, "invalid-record");
    }

    private byte[] Attributes()
    {
        RequireType(JsonTokenType.StartObject, "attributes");
        var raw = Raw("attributes");
        try
        {
            using var document = JsonDocument.Parse(raw, StrictDocument);
        }
        catch (JsonException)
        {
            throw Refuse.Field(At("attributes"), "A property is there twice.", "Keep one of them.");
        }

        return raw;
    }

    /// <summary>The value as it was written; stands at its end then.</summary>
    private byte[] Raw(string field)
    {
        var from = (int)_json.TokenStartIndex;
        var depth = _json.CurrentDepth;
        do
        {
            // Skipped strings are not decoded by the reader; those with escapes may hide halves of surrogate pairs.
            if (_json.TokenType is JsonTokenType.String or JsonTokenType.PropertyName && _json.ValueIsEscaped && TryString(ref _json) is null)
            {
                throw NotText(field);
            }
        }
        while ((_json.CurrentDepth > depth || _json.TokenType is JsonTokenType.StartObject or JsonTokenType.StartArray) && _json.Read());

        return _body[from..(int)_json.BytesConsumed].ToArray();
    }

    private float[] Vector()
    {
        RequireType(JsonTokenType.StartArray, "vector");
        var pooled = ArrayPool<float>.Shared.Rent(DraftRules.MaxDimensions);
        try
        {
            var count = 0;
            while (_json.Read() && _json.TokenType != JsonTokenType.EndArray)
            {
                if (count == DraftRules.MaxDimensions)
                {
                    throw Refuse.Field(At("vector"), $"A vector has at most {DraftRules.MaxDimensions:N0} components.", "Send the vector of the namespace's dimension.", 422, "invalid-vector");
                }

                if (_json.TokenType != JsonTokenType.Number || !_json.TryGetSingle(out pooled[count]) || !float.IsFinite(pooled[count]))
                {
                    throw Refuse.Field(At($"vector[{count}]"), "A component is not a finite 32-bit number.", "Send finite numbers only.", 422, "invalid-vector");
                }

                count++;
            }

            return pooled.AsSpan(0, count).ToArray();
        }
        finally
        {
            ArrayPool<float>.Shared.Return(pooled);
        }
    }

    private DateTimeOffset Time(string field)
    {
        RequireType(JsonTokenType.String, field);
        return Times.TryParse(TryString(ref _json), out var time) ? time : throw Refuse.Field(At(field), "It is not a time of RFC 3339 with an offset.", "Write it as 2027-01-31T12:00:00Z.");
    }

    private DateTimeOffset AfterSeconds()
    {
        const double Century = 100 * 365.25 * 86400;
        RequireType(JsonTokenType.Number, "ttlSeconds");
        return _json.TryGetDouble(out var seconds) && seconds > 0 && seconds <= Century
            ? _now.AddSeconds(seconds)
            : throw Refuse.Field(At("ttlSeconds"), "It is not a number of seconds above 0 and up to 100 years.", "Leave it out for a record that stays.");
    }

    private string Text(string field)
    {
        RequireType(JsonTokenType.String, field);
        return TryString(ref _json) ?? throw NotText(field);
    }

    private readonly void RequireType(JsonTokenType type, string field)
    {
        if (_json.TokenType != type)
        {
            throw Refuse.Field(At(field), $"It is {Word(type)}, not {Word(_json.TokenType)}.", "See /docs for the form of a record.");
        }
    }

    private readonly ProblemException NotText(string field) =>
        Refuse.Field(At(field), "It has half of a surrogate pair, which is not text.", "Send well-formed Unicode.");
}
