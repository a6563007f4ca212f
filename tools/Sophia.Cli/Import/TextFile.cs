using System.IO.Compression;
using System.Text;

namespace Sophia.Cli.Import;

/// <summary>What reading a file gave: its text, or why it is none.</summary>
internal readonly record struct TextRead(string? Text, string? Refusal);

/// <summary>Reads a file that may hold text: UTF-8, plain or compressed with gzip.</summary>
internal static class TextFile
{
    /// <summary>Larger files are data rather than documents, and a small .gz may hold a very large one.</summary>
    public const int MaxBytes = 32 << 20;

    private static readonly UTF8Encoding s_strict = new(false, throwOnInvalidBytes: true);

    /// <exception cref="InvalidDataException">It begins as gzip does, but is damaged or was cut off.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">Likewise.</exception>
    public static async Task<TextRead> ReadAsync(string path, bool gzipByContent, CancellationToken cancellationToken)
    {
        await using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, 1 << 16, useAsync: true);
        var isGzip = path.EndsWith(".gz", StringComparison.OrdinalIgnoreCase);
        if ((isGzip || gzipByContent) && file.CanSeek)
        {
            var beginsSo = file.ReadByte() == 0x1f && file.ReadByte() == 0x8b;
            file.Position = 0;
            if (isGzip && !beginsSo) return new TextRead(null, "not gzip");
            isGzip = beginsSo;
        }
        if (!isGzip) return Decode(await ReadLimitedAsync(file, cancellationToken));
        await using var inflated = new GZipStream(file, CompressionMode.Decompress);
        return Decode(await ReadLimitedAsync(inflated, cancellationToken));
    }

    private static TextRead Decode(ArraySegment<byte>? bytes)
    {
        if (bytes is not { } read) return new TextRead(null, "too large");
        var content = read.AsSpan();
        if (content.StartsWith("\uFEFF"u8)) content = content[3..];
        if (content.Contains((byte)0)) return new TextRead(null, "binary");
        try
        {
            return new TextRead(s_strict.GetString(content), null);
        }
        catch (DecoderFallbackException)
        {
            return new TextRead(null, "not UTF-8");
        }
    }

    private static async Task<ArraySegment<byte>?> ReadLimitedAsync(Stream stream, CancellationToken cancellationToken)
    {
        using var all = new MemoryStream();
        var buffer = new byte[1 << 16];
        for (int n; (n = await stream.ReadAsync(buffer, cancellationToken)) > 0;)
        {
            if (all.Length + n > MaxBytes) return null;
            all.Write(buffer, 0, n);
        }
        return new ArraySegment<byte>(all.GetBuffer(), 0, (int)all.Length);
    }
}
