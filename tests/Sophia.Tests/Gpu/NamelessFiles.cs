namespace Sophia.Tests.Gpu;

/// <summary>Files of this process that have no name any more, as the system still gives them to it: for damaging and reading them.</summary>
internal static class NamelessFiles
{
    /// <summary>Paths under which files can be opened that once had a name in the folder.</summary>
    public static IReadOnlyList<string> Of(DirectoryInfo folder) =>
    [
        .. Directory.GetFiles("/proc/self/fd").Where(path => Target(path) is { } target && target.StartsWith(folder.FullName, StringComparison.Ordinal) && target.EndsWith(" (deleted)", StringComparison.Ordinal)),
    ];

    /// <summary>Flips the lowest bit of the first byte of these; false when they stand in none of the files.</summary>
    public static bool TryFlip(DirectoryInfo folder, ReadOnlySpan<byte> bytes)
    {
        foreach (var path in Of(folder))
        {
            using var file = new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
            var all = new byte[file.Length];
            file.ReadExactly(all);
            if (all.AsSpan().IndexOf(bytes) is >= 0 and var at)
            {
                file.Position = at;
                file.WriteByte((byte)(all[at] ^ 1));
                return true;
            }
        }

        return false;
    }

    // One that was closed since it was listed is none of them.
    private static string? Target(string path)
    {
        try
        {
            return File.ResolveLinkTarget(path, returnFinalTarget: false)?.FullName;
        }
        catch (IOException)
        {
            return null;
        }
    }
}
