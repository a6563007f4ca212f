using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Sophia.Client;

/// <summary>One logical call. It may be sent several times, so its body is bytes and its idempotency key is fixed.</summary>
internal sealed record ApiCall(HttpMethod Method, RequestPath Path)
{
    public byte[]? Body { get; init; }

    public string? IfMatch { get; init; }

    public string? IfNoneMatch { get; init; }

    public string? LastEventId { get; init; }

    public string? Accept { get; init; }

    /// <summary>Set on every call that writes: it is what makes a second attempt safe.</summary>
    public string? IdempotencyKey { get; init; }

    public static ApiCall Read(RequestPath path) => new(HttpMethod.Get, path);

    /// <summary>A read whose question travels in the body.</summary>
    public static ApiCall Ask<T>(RequestPath path, T body, JsonTypeInfo<T> type) =>
        new(HttpMethod.Post, path) { Body = JsonSerializer.SerializeToUtf8Bytes(body, type) };

    public static ApiCall Write(HttpMethod method, RequestPath path) =>
        new(method, path) { IdempotencyKey = Guid.NewGuid().ToString("N") };

    public static ApiCall Write<T>(HttpMethod method, RequestPath path, T body, JsonTypeInfo<T> type) =>
        Write(method, path) with { Body = JsonSerializer.SerializeToUtf8Bytes(body, type) };
}
