using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Sophia.Cli.Import;

/// <summary>
/// The key of a chunk: <c>relative/path#NNNN</c>, the same on every run. A path too long for a key, or with control
/// characters in it, is shortened and told apart by a hash of the whole.
/// </summary>
internal static class ChunkKey
{
    /// <summary>512, the longest key, less "#" and the digits of any position.</summary>
    private const int MaxStemCharacters = 500;
    private const int HashCharacters = 16;

    /// <summary>What the keys of a file's chunks begin with, before the "#".</summary>
    public static string Stem(string keyPrefix, string path)
    {
        var full = keyPrefix + path;
        var hasControls = full.Any(char.IsControl);
        if (full.Length <= MaxStemCharacters && !hasControls) return full;
        var hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(full)))[..HashCharacters];
        var length = Math.Min(full.Length, MaxStemCharacters - HashCharacters - 1);
        if (char.IsHighSurrogate(full[length - 1])) length--;
        var readable = string.Create(length, full, static (target, source) =>
        {
            for (var i = 0; i < target.Length; i++) target[i] = char.IsControl(source[i]) ? '_' : source[i];
        });
        return $"{readable}~{hash}";
    }

    public static string For(string stem, int position) => string.Create(CultureInfo.InvariantCulture, $"{stem}#{position:D4}");

    /// <summary>The position in a key of this file; null for another's, such as of a file named <c>stem#0001</c>.</summary>
    public static int? PositionIn(string key, string stem) =>
        key.Length >= stem.Length + 5 && key.StartsWith(stem, StringComparison.Ordinal) && key[stem.Length] == '#'
        && int.TryParse(key.AsSpan(stem.Length + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var position)
            ? position : null;
}
