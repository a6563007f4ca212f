using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using Sophia.Memory.Hierarchy;

namespace Sophia.Api.Answering;

/// <summary>An answer in JSON: written whole, then sent with its length and the headers that every answer has.</summary>
internal sealed class JsonBody : IDisposable
{
    /// <summary>Only what JSON itself asks to be escaped is: answers are never part of a page.</summary>
    public static readonly JsonWriterOptions WriterOptions = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };

    private readonly ArrayBufferWriter<byte> _buffer;

    public JsonBody(int capacity = 1024)
    {
        _buffer = new ArrayBufferWriter<byte>(capacity);
        Writer = new Utf8JsonWriter(_buffer, WriterOptions);
    }

    public Utf8JsonWriter Writer { get; }

    /// <summary>What was written and flushed.</summary>
    public ReadOnlySpan<byte> Written => _buffer.WrittenSpan;

    /// <param name="start">Timestamp of the request's start.</param>
    public async Task SendAsync(HttpContext context, int status, Trail trail, long start)
    {
        Writer.Flush();
        var response = context.Response;
        response.StatusCode = status;
        response.ContentType = "application/json";
        response.ContentLength = _buffer.WrittenCount;
        AnswerHeaders.Set(response.Headers, trail, start);
        await response.Body.WriteAsync(_buffer.WrittenMemory, context.RequestAborted);
    }

    public void Dispose() => Writer.Dispose();
}
