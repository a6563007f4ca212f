using System.Buffers;
using System.Globalization;
using System.Text.Json;
using Sophia.Api.Problems;
using Sophia.Memory.Records;

namespace Sophia.Api.Reading;

/// <summary>
/// Reads records straight from the bytes of a request. Content, JSON content and attributes are copied as they were
/// written; every other string is decoded once. A fault names its place, such as items[3].tags[1].
/// </summary>
internal ref partial struct RecordReader
{
    private static readonly JsonReaderOptions Options = new() { MaxDepth = 64 };

    private readonly ReadOnlySpan<byte> _body;
    private readonly RecordLimits _limits;
    private readonly DateTimeOffset _now;
    private Utf8JsonReader _json;
    private int _item;

    /// <param name="body">Valid UTF-8.</param>
    /// <param name="now">What ttlSeconds counts from.</param>
    public RecordReader(ReadOnlySpan<byte> body, RecordLimits limits, DateTimeOffset now)
    {
        _body = body;
        _limits = limits;
        _now = now;
        _json = new Utf8JsonReader(body, Options);
        _item = -1;
    }

    /// <summary>A body that is one record under the key of the address.</summary>
    /// <exception cref="ProblemException">malformed-json, invalid-request, invalid-vector.</exception>
    public RecordDraft ReadSingle(string key)
    {
        try
        {
            _json.Read();
            if (_json.TokenType != JsonTokenType.StartObject)
            {
                throw Refuse.Field("$", $"A record is an object, not {Word(_json.TokenType)}.", "Send {\"content\": …}.");
            }

            var draft = ReadRecord(key);
            _json.Read();
            return draft;
        }
        catch (JsonException e)
        {
            throw MalformedJson.Of(e, _body, ", or too deep");
        }
    }

    /// <summary>A body {"items": [records]}: an entry each, in order; what is wrong with an item stands in its entry.</summary>
    /// <exception cref="ProblemException">The body as a whole cannot be read, or has no items, or too many.</exception>
    public List<BatchItem> ReadBatch(int maxItems)
    {
        try
        {
            return ReadItems(maxItems);
        }
        catch (JsonException e)
        {
            throw MalformedJson.Of(e, _body, ", or too deep");
        }
    }

    private List<BatchItem> ReadItems(int maxItems)
    {
        const string Form = "Send {\"items\": [{\"key\": …, \"content\": …}, …]}.";
        _json.Read();
        if (_json.TokenType != JsonTokenType.StartObject)
        {
            throw Refuse.Field("$", $"The body is an object, not {Word(_json.TokenType)}.", Form);
        }

        List<BatchItem>? items = null;
        while (_json.Read() && _json.TokenType == JsonTokenType.PropertyName)
        {
            if (!Is(ref _json, "items"u8))
            {
                throw Refuse.Field(NameOrPlace(), "There is no such property.", Form);
            }

            if (items is not null)
            {
                throw Refuse.Field("items", "The property is there twice.", Form);
            }

            _json.Read();
            if (_json.TokenType != JsonTokenType.StartArray)
            {
                throw Refuse.Field("items", $"It is an array, not {Word(_json.TokenType)}.", Form);
            }

            items = new List<BatchItem>(Math.Min(maxItems, 128));
            while (_json.Read() && _json.TokenType != JsonTokenType.EndArray)
            {
                if (items.Count == maxItems)
                {
                    throw Refuse.With(413, "too-large", $"There are over {maxItems:N0} items.", "Send them in several requests.");
                }

                _item = items.Count;
                items.Add(ReadItem());
            }
        }

        _json.Read();
        return items is { Count: > 0 } ? items : throw Refuse.Field("items", "There are no items.", Form);
    }

    private BatchItem ReadItem()
    {
        // The reader is a value: the copy goes back to the item's beginning when the item is not valid, to skip it whole.
        var beginning = _json;
        try
        {
            if (_json.TokenType != JsonTokenType.StartObject)
            {
                throw Refuse.Field(At(""), $"A record is an object, not {Word(_json.TokenType)}.", "Send {\"key\": …, \"content\": …}.");
            }

            var draft = ReadRecord(null);
            return DraftRules.Check(draft, _limits) is { } violation
                ? new BatchItem(draft.Key, null, $"{At(violation.Path)}: {violation.Message} {violation.Suggestion}")
                : new BatchItem(draft.Key, draft, null);
        }
        catch (ProblemException e)
        {
            _json = beginning;
            var key = KeyOfInvalid();
            return new BatchItem(key, null, $"{e.Problem.Detail} {e.Problem.Suggestion}");
        }
    }

    // Skips the item, noting its key for the receipt if it has one that can be read.
    private string? KeyOfInvalid()
    {
        string? key = null;
        if (_json.TokenType != JsonTokenType.StartObject)
        {
            _json.Skip();
            return null;
        }

        while (_json.Read() && _json.TokenType == JsonTokenType.PropertyName)
        {
            var isKey = Is(ref _json, "key"u8);
            _json.Read();
            if (isKey && _json.TokenType == JsonTokenType.String && _json.ValueSpan.Length <= 4 * _limits.KeyChars)
            {
                key = TryString(ref _json);
            }

            _json.Skip();
        }

        return key;
    }

    private readonly string At(string field) => _item < 0 ? field : string.Create(CultureInfo.InvariantCulture, $"items[{_item}]{(field.Length == 0 ? "" : ".")}{field}");

    private string NameOrPlace() => TryString(ref _json) is { } name ? (name.Length <= 64 ? name : name[..64] + "…") : "?";

    // A name or value with half a surrogate pair is no text and equals nothing; the reader's own comparison throws.
    private static bool Is(ref readonly Utf8JsonReader json, ReadOnlySpan<byte> ascii) => json.ValueIsEscaped
        ? TryString(in json) is { } text && System.Text.Ascii.Equals(ascii, text)
        : json.ValueTextEquals(ascii);

    private static string? TryString(ref readonly Utf8JsonReader json)
    {
        try
        {
            return json.GetString();
        }
        catch (InvalidOperationException)
        {
            // Half of a surrogate pair: not text.
            return null;
        }
    }

    internal static string Word(JsonTokenType type) => type switch
    {
        JsonTokenType.StartObject => "an object",
        JsonTokenType.StartArray => "an array",
        JsonTokenType.String => "a string",
        JsonTokenType.Number => "a number",
        JsonTokenType.True or JsonTokenType.False => "true or false",
        JsonTokenType.Null => "null",
        _ => "nothing",
    };
}

/// <summary>One item of a batch: the draft, or what is wrong.</summary>
internal readonly record struct BatchItem(string? Key, RecordDraft? Draft, string? Fault);
