using System.Text.Json;
using System.Text.Json.Serialization;

namespace Sophia.Snowflake.Local.Remote;

/// <summary>An external function as CREATE EXTERNAL FUNCTION made it. It travels as JSON: into the account's objects, and inside the engine's statement to the call.</summary>
/// <param name="Schema">Where it stands.</param>
/// <param name="Types">Of its parameters, as declared: NUMBER(38,0).</param>
/// <param name="Parameters">Their names.</param>
/// <param name="Returns">Its type, as declared.</param>
/// <param name="Integration">The API integration that it calls through.</param>
/// <param name="Prefixes">What that integration allows addresses to begin with, as of the statement.</param>
/// <param name="Url">The address.</param>
/// <param name="BatchRows">The most rows of one call; 0: the engine's choice.</param>
/// <param name="Compression">NONE, GZIP, DEFLATE or AUTO, which is GZIP here.</param>
/// <param name="Headers">Sent with each call as sf-custom-{name}.</param>
/// <param name="Blocked">What the integration does not allow of <paramref name="Prefixes"/>.</param>
internal sealed record ExternalFunction(
    string Schema, string Name, IReadOnlyList<string> Parameters, IReadOnlyList<string> Types, string Returns, bool NotNull, bool StrictNull, string Integration,
    IReadOnlyList<string> Prefixes, string Url, int BatchRows, string Compression, IReadOnlyDictionary<string, string> Headers, IReadOnlyList<string>? Blocked = null)
{
    public const string Kind = "EXTERNAL FUNCTION";
    public const string IntegrationKind = "INTEGRATION";

    /// <summary>Under which the account remembers it: SCHEMA.NAME(VARCHAR, ARRAY).</summary>
    [JsonIgnore]
    public string Key => KeyOf(Schema, Name, Types);

    /// <summary>(A VARCHAR, B ARRAY), as the header has it.</summary>
    [JsonIgnore]
    public string Signature => $"({string.Join(", ", Parameters.Zip(Types, static (name, type) => $"{name} {type}"))})";

    public static string KeyOf(string schema, string name, IEnumerable<string> types) => $"{schema}.{name}({string.Join(", ", types.Select(Bare))})";

    /// <summary>A type without its lengths, by which overloads are told apart.</summary>
    public static string Bare(string type) => type.Split('(')[0];

    /// <summary>The types of its parameters and result, as the reader knows them.</summary>
    public static SqlType TypeOf(string declared) => SqlType.Read(new SqlCursor(SqlLexer.Read(declared)));

    public string ToJson() => JsonSerializer.Serialize(this, FunctionJson.Default.ExternalFunction);

    public static ExternalFunction FromJson(string json) =>
        JsonSerializer.Deserialize(json, FunctionJson.Default.ExternalFunction) ?? throw new InvalidOperationException("The account's object is no external function.");
}

[JsonSerializable(typeof(ExternalFunction))]
internal sealed partial class FunctionJson : JsonSerializerContext;
