using System.Text.Json;
using System.Text.Json.Serialization;

namespace Sophia.GpuTier.Snowflake;

/// <summary>A refusal (RFC 9457), in the form that the API has.</summary>
internal sealed record FunctionProblem(string Type, string Title, int Status, string Detail, string Code, string Suggestion, string TraceId)
{
    public static FunctionProblem Of(FunctionRefusal refusal, string traceId) =>
        new($"urn:sophia:problem:{refusal.Code}", TitleOf(refusal.Code), refusal.Status, refusal.Detail, refusal.Code, refusal.Suggestion, traceId);

    private static string TitleOf(string code) => char.ToUpperInvariant(code[0]) + code[1..].Replace('-', ' ');
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(FunctionProblem))]
internal sealed partial class FunctionProblemJson : JsonSerializerContext;
