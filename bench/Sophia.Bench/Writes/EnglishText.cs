using System.Security.Cryptography;
using Sophia.Bench.Reporting;

namespace Sophia.Bench.Writes;

/// <summary>
/// Real English from the machine (licences, package documentation) and the repository, as one run of ASCII in which
/// nothing needs escaping in JSON, so that a slice of it is ready to be sent. Texts that stand twice are taken once.
/// </summary>
internal sealed class EnglishText
{
    private const int EnoughBytes = 16 << 20;
    private static EnglishText? _loaded;
    private readonly byte[] _bytes;
    private readonly int[] _wordStarts;
    private readonly long _stride;

    private EnglishText(byte[] bytes, int sliceBytes)
    {
        _bytes = bytes;
        var starts = new List<int>();
        for (var i = 1; i < bytes.Length - sliceBytes; i++)
        {
            if (bytes[i - 1] == ' ' && bytes[i] != ' ')
            {
                starts.Add(i);
            }
        }

        _wordStarts = [.. starts];
        SliceBytes = sliceBytes;

        // A prime step visits every start once before any comes again.
        _stride = 7_368_787 % _wordStarts.Length == 0 ? 7_368_791 : 7_368_787;
    }

    public int SliceBytes { get; }

    /// <summary>Slices before one comes again.</summary>
    public int Slices => _wordStarts.Length;

    public ReadOnlyMemory<byte> Bytes => _bytes;

    /// <summary>Slices start at words and are 512 bytes long.</summary>
    public static EnglishText Load() => _loaded ??= new EnglishText(Read(), 512);

    public ReadOnlySpan<byte> Slice(long number) => _bytes.AsSpan(_wordStarts[(int)(number * _stride % _wordStarts.Length)], SliceBytes);

    private static byte[] Read()
    {
        var text = new List<byte>(EnoughBytes);
        var seen = new HashSet<string>();
        foreach (var file in Files())
        {
            if (text.Count >= EnoughBytes)
            {
                break;
            }

            var bytes = File.ReadAllBytes(file);
            if (!seen.Add(Convert.ToHexString(SHA256.HashData(bytes))))
            {
                continue;
            }

            foreach (var b in bytes)
            {
                var plain = b switch { (byte)'"' => (byte)'\'', (byte)'\\' => (byte)'/', < 32 => (byte)' ', > 126 => (byte)0, _ => b };
                if (plain != 0 && (plain != ' ' || (text.Count > 0 && text[^1] != ' ')))
                {
                    text.Add(plain);
                }
            }
        }

        return [.. text];
    }

    private static IEnumerable<string> Files()
    {
        var walk = new EnumerationOptions { RecurseSubdirectories = true, IgnoreInaccessible = true, AttributesToSkip = FileAttributes.ReparsePoint };
        string[] roots = ["/usr/share/common-licenses", "/usr/share/doc", Path.Combine(Repository.Root, "docs")];
        return roots.Where(Directory.Exists).SelectMany(root => Directory.EnumerateFiles(root, "*", walk).Order(StringComparer.Ordinal)
            .Where(f => root == roots[0] || Path.GetFileName(f) is "copyright" || Path.GetFileName(f).StartsWith("README", StringComparison.Ordinal) && !f.EndsWith(".gz", StringComparison.Ordinal) || Path.GetExtension(f) is ".txt" or ".md" or ".rst"))
            .Where(f => new FileInfo(f).Length is > 2048 and < 1 << 20);
    }
}
