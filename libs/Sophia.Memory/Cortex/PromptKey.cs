using System.Buffers;
using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace Sophia.Memory.Cortex;

/// <summary>
/// What answers are looked up by: SHA-256 over tenant, operation, model identity, parameters and the normalised prompt, each with
/// its length before it, so that no two requests have one key. Normalised means: line ends are \n, and white space around a
/// message is left out; nothing within a message is touched, since it may be code.
/// </summary>
internal ref struct PromptKey
{
    private const int MostKept = 64 << 10;

    [ThreadStatic]
    private static ArrayBufferWriter<byte>? t_fields;

    private readonly ArrayBufferWriter<byte> _fields;

    // One per thread, of the usual size: nothing waits while a key is made.
    public PromptKey()
    {
        _fields = t_fields is { Capacity: <= MostKept } kept ? kept : t_fields = new ArrayBufferWriter<byte>(1024);
        _fields.ResetWrittenCount();
    }

    /// <summary>64 hexadecimal digits.</summary>
    public static string Of(string tenant, ChatModel model, CompletionRequest request)
    {
        var key = Begin(tenant, "complete", model, request);
        foreach (var message in request.Messages)
        {
            key.Add((long)message.Role);
            key.Add(Normalise(message.Text));
        }

        return key.Text();
    }

    /// <summary>
    /// What two prompts must have in common for one's answer to serve the other: everything but the wording of the last message, and
    /// of that the words that <see cref="PromptGuard"/> guards.
    /// </summary>
    public static string BucketOf(string tenant, string? ns, ChatModel model, string embedder, string guarded, CompletionRequest request)
    {
        var key = Begin(tenant, "near", model, request);
        key.Add(ns ?? "");
        key.Add(embedder);
        key.Add(guarded);
        for (var i = 0; i < request.Messages.Count - 1; i++)
        {
            key.Add((long)request.Messages[i].Role);
            key.Add(Normalise(request.Messages[i].Text));
        }

        return key.Text();
    }

    /// <summary>The key of one text's vector.</summary>
    public static string OfVector(string tenant, string identity, string text)
    {
        var key = new PromptKey();
        key.Add(tenant);
        key.Add("embed");
        key.Add(identity);
        key.Add(text);
        return key.Text();
    }

    public static string Normalise(string text) => text.Contains('\r') ? text.ReplaceLineEndings("\n").Trim() : text.Trim();

    private static PromptKey Begin(string tenant, string operation, ChatModel model, CompletionRequest request)
    {
        var key = new PromptKey();
        key.Add(tenant);
        key.Add(operation);
        key.Add(model.Identity);
        key.Add(BitConverter.DoubleToInt64Bits(request.Temperature ?? double.NaN));
        key.Add(BitConverter.DoubleToInt64Bits(request.TopP ?? double.NaN));
        key.Add(request.MaxTokens ?? -1L);
        key.Add(request.Seed is null ? 0 : 1);
        key.Add(request.Seed ?? 0);
        key.Add(request.Stop.Count);
        foreach (var stop in request.Stop)
        {
            key.Add(stop);
        }

        return key;
    }

    private readonly void Add(long number)
    {
        BinaryPrimitives.WriteInt64LittleEndian(_fields.GetSpan(sizeof(long)), number);
        _fields.Advance(sizeof(long));
    }

    // The text's own units: faster than UTF-8, and half a surrogate pair cannot become the mark of replacement.
    private readonly void Add(string text)
    {
        Add(text.Length);
        _fields.Write(MemoryMarshal.AsBytes(text.AsSpan()));
    }

    private readonly string Text()
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(_fields.WrittenSpan, hash);
        return Convert.ToHexStringLower(hash);
    }
}
