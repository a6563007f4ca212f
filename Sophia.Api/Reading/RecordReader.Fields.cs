using System.Text.Json;
using Sophia.Api.Problems;
using Sophia.Memory.Records;

namespace Sophia.Api.Reading;

/// <summary>The properties of a record, one by one.</summary>
internal ref partial struct RecordReader
{
    private static readonly JsonDocumentOptions StrictDocument = new() { MaxDepth = 64, AllowDuplicateProperties = false };

    [Flags]
    private enum Field
    {
        None = 0,
        Key = 1,
        Content = 2,
        ContentBase64 = 4,
        ContentType = 8,
        Tags = 16,
        Attributes = 32,
        Vector = 64,
        ExpiresAt = 128,
        TtlSeconds = 256,
        ValidFrom = 512,
        ValidTo = 1024,
        Provenance = 2048,
        IfPresent = 4096,
    }

    // Stands at the record's start; ends at its end.
    private RecordDraft ReadRecord(string? pathKey)
    {
        string? key = null, contentType = null;
        ReadOnlyMemory<byte>? content = null;
        var kind = ContentKind.Text;
        IReadOnlyList<string> tags = [];
        ReadOnlyMemory<byte> attributes = default;
        float[]? vector = null;
        DateTimeOffset? expiresAt = null, validFrom = null, validTo = null;
        Provenance? provenance = null;
        var whenPresent = WhenPresent.Replace;
        Field seen = Field.None, given = Field.None;
        while (_json.Read() && _json.TokenType == JsonTokenType.PropertyName)
        {
            var field = FieldOf();
            if ((seen & field) != 0)
            {
                throw Refuse.Field(At(NameOrPlace()), "The property is there twice.", "Keep one of them.");
            }

            seen |= field;
            _json.Read();
            if (_json.TokenType == JsonTokenType.Null)
            {
                // As answers write what is absent.
                continue;
            }

            given |= field;

            switch (field)
            {
                case Field.Key: key = Text("key"); break;
                case Field.Content: (content, kind) = Content(); break;
                case Field.ContentBase64: (content, kind) = (Base64(), ContentKind.Bytes); break;
                case Field.ContentType: contentType = Text("contentType"); break;
                case Field.Tags: tags = Tags(); break;
                case Field.Attributes: attributes = Attributes(); break;
                case Field.Vector: vector = Vector(); break;
                case Field.ExpiresAt: expiresAt = Exclusive(expiresAt, Time("expiresAt")); break;
                case Field.TtlSeconds: expiresAt = Exclusive(expiresAt, AfterSeconds()); break;
                case Field.ValidFrom: validFrom = Time("validFrom"); break;
                case Field.ValidTo: validTo = Time("validTo"); break;
                case Field.Provenance: provenance = ReadProvenance(); break;
                default: whenPresent = ReadWhenPresent(); break;
            }
        }

        if ((given & Field.Content) != 0 && (given & Field.ContentBase64) != 0)
        {
            throw Refuse.Field(At("contentBase64"), "The record has content and contentBase64.", "Give one of them.");
        }

        if (pathKey is null ? key is null : key is not null && key != pathKey)
        {
            throw pathKey is null
                ? Refuse.Field(At("key"), "The record has no key.", "Give each item a key of 1 to 512 characters.")
                : Refuse.Field("key", "The key differs from the address's.", "Leave it out of the body.");
        }

        return new RecordDraft
        {
            Key = pathKey ?? key!,
            Kind = kind,
            Content = content,
            ContentType = contentType ?? kind switch { ContentKind.Json => "application/json", ContentKind.Bytes => "application/octet-stream", _ => "text/plain" },
            Tags = tags,
            Attributes = attributes,
            Provenance = provenance,
            Vector = vector,
            ExpiresAt = expiresAt,
            ValidFrom = validFrom,
            ValidTo = validTo,
            WhenPresent = whenPresent,
        };
    }

    private readonly Field FieldOf()
    {
        // By length first: most names are told apart by it alone.
        ref readonly var json = ref _json;
        return Is(in json, "key"u8) ? Field.Key
            : Is(in json, "content"u8) ? Field.Content
            : Is(in json, "tags"u8) ? Field.Tags
            : Is(in json, "attributes"u8) ? Field.Attributes
            : Is(in json, "vector"u8) ? Field.Vector
            : Is(in json, "contentType"u8) ? Field.ContentType
            : Is(in json, "contentBase64"u8) ? Field.ContentBase64
            : Is(in json, "expiresAt"u8) ? Field.ExpiresAt
            : Is(in json, "ttlSeconds"u8) ? Field.TtlSeconds
            : Is(in json, "validFrom"u8) ? Field.ValidFrom
            : Is(in json, "validTo"u8) ? Field.ValidTo
            : Is(in json, "provenance"u8) ? Field.Provenance
            : Is(in json, "ifPresent"u8) ? Field.IfPresent
            : throw UnknownProperty();
    }

    private readonly ProblemException UnknownProperty()
    {
        var copy = this;
        return Refuse.Field(At(copy.NameOrPlace()), "A record has no such property.", "Put your own fields into attributes; see /docs for the record's.");
    }

    private readonly DateTimeOffset Exclusive(DateTimeOffset? already, DateTimeOffset value) => already is null
        ? value
        : throw Refuse.Field(At("ttlSeconds"), "The record has expiresAt and ttlSeconds.", "Give one of them.");

    private Provenance ReadProvenance()
    {
        RequireType(JsonTokenType.StartObject, "provenance");
        string?[] parts = [null, null, null, null];
        var seen = 0;
        while (_json.Read() && _json.TokenType == JsonTokenType.PropertyName)
        {
            var part = Is(ref _json, "source"u8) ? 0 : Is(ref _json, "agent"u8) ? 1 : Is(ref _json, "session"u8) ? 2 : Is(ref _json, "uri"u8) ? 3
                : throw Refuse.Field(At("provenance." + NameOrPlace()), "There is no such property.", "A provenance has source, agent, session and uri.");
            if ((seen & (1 << part)) != 0)
            {
                throw Refuse.Field(At("provenance." + NameOrPlace()), "The property is there twice.", "Keep one of them.");
            }

            seen |= 1 << part;
            _json.Read();
            parts[part] = _json.TokenType == JsonTokenType.Null ? null : Text("provenance");
        }

        return new Provenance(parts[0], parts[1], parts[2], parts[3]);
    }

    private WhenPresent ReadWhenPresent()
    {
        RequireType(JsonTokenType.String, "ifPresent");
        return Is(ref _json, "replace"u8) ? WhenPresent.Replace
            : Is(ref _json, "merge"u8) ? WhenPresent.Merge
            : Is(ref _json, "reject"u8) ? WhenPresent.Reject
            : throw Refuse.Field(At("ifPresent"), "It is not replace, merge or reject.", "Leave it out to replace.");
    }
}
