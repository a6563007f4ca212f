using System.IO.Compression;
using System.Security.Cryptography;

namespace Sophia.Api.WebConsole;

/// <summary>One file of the console, in the forms in which it is sent.</summary>
internal sealed class ConsoleFile
{
    private readonly Lazy<byte[]> _zipped;

    private ConsoleFile(byte[] bytes, string contentType)
    {
        (Bytes, ContentType) = (bytes, contentType);
        var hash = Convert.ToHexStringLower(SHA256.HashData(bytes).AsSpan(0, 12));
        (ETag, ZippedETag) = ($"\"{hash}\"", $"\"{hash}-gzip\"");
        _zipped = new Lazy<byte[]>(() => Zip(bytes));
    }

    public byte[] Bytes { get; }

    /// <summary>The file in gzip, made when it is first asked for.</summary>
    public byte[] Zipped => _zipped.Value;

    public string ContentType { get; }

    /// <summary>Strong, of the bytes as they are; the compressed form is another representation and has its own (RFC 9110, 8.8.3).</summary>
    public string ETag { get; }

    public string ZippedETag { get; }

    /// <returns>Null for a file of a kind that the console does not have.</returns>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static ConsoleFile? Read(string path) => Path.GetExtension(path) switch
    {
        ".html" => new ConsoleFile(File.ReadAllBytes(path), "text/html; charset=utf-8"),
        ".js" => new ConsoleFile(File.ReadAllBytes(path), "text/javascript; charset=utf-8"),
        ".css" => new ConsoleFile(File.ReadAllBytes(path), "text/css; charset=utf-8"),
        ".svg" => new ConsoleFile(File.ReadAllBytes(path), "image/svg+xml"),
        _ => null,
    };

    private static byte[] Zip(byte[] bytes)
    {
        using var zipped = new MemoryStream();
        using (var gzip = new GZipStream(zipped, CompressionLevel.Optimal))
        {
            gzip.Write(bytes);
        }

        return zipped.ToArray();
    }
}
