namespace Sophia.Cli.Import;

/// <param name="RelativePath">With slashes, from the folder that is imported.</param>
internal sealed record SourceFile(string FullPath, string RelativePath, long Size, long Modified)
{
    /// <summary>By the user, not found in a folder: it is read even if it is a pipe.</summary>
    public bool IsNamed { get; init; }
}

/// <summary>
/// The files below a folder that may be text, in ordinal order of their names. Hidden ones are passed over. Links are
/// too, so that each file comes once; when they are followed, one that leads back to a folder above itself is not.
/// </summary>
internal sealed class FolderWalk(ImportTally tally, bool followLinks)
{
    private static readonly string[] s_textExtensions = [".md", ".markdown", ".txt", ".rst"];

    public IEnumerable<SourceFile> Files(string folder)
    {
        // With a separator at the end it would be the folder that the link leads to, and no link.
        var root = new DirectoryInfo(Path.TrimEndingDirectorySeparator(folder));
        // As the links within are told by what they lead to.
        if (root.ResolveLinkTarget(returnFinalTarget: true) is { } target) root = new DirectoryInfo(target.FullName);
        return Below(root, "", [Path.TrimEndingDirectorySeparator(root.FullName)]);
    }

    public static bool IsMarkdown(string path)
    {
        var inner = path.EndsWith(".gz", StringComparison.OrdinalIgnoreCase) ? path[..^3] : path;
        return Path.GetExtension(inner).ToLowerInvariant() is ".md" or ".markdown";
    }

    private IEnumerable<SourceFile> Below(DirectoryInfo folder, string relative, HashSet<string> above)
    {
        foreach (var entry in Entries(folder, relative))
        {
            var path = relative + entry.Name;
            if (entry.Name.StartsWith('.'))
            {
                tally.Skip("hidden");
                continue;
            }
            if (Real(entry, path) is not { } real) continue;
            if (real is DirectoryInfo inner)
            {
                var name = Path.TrimEndingDirectorySeparator(inner.FullName);
                if (!above.Add(name))
                {
                    tally.Skip("link to a folder above");
                    continue;
                }
                foreach (var file in Below(inner, path + "/", above)) yield return file;
                above.Remove(name);
            }
            else if (!MayBeText(entry.Name)) tally.Skip("other type");
            else if (Found((FileInfo)real, path) is { } found) yield return found;
        }
    }

    /// <summary>Sorted, so that a run goes the same way as the one before.</summary>
    private FileSystemInfo[] Entries(DirectoryInfo folder, string relative)
    {
        try
        {
            var entries = folder.GetFileSystemInfos();
            Array.Sort(entries, static (a, b) => string.CompareOrdinal(a.Name, b.Name));
            return entries;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            tally.Unreadable(relative, e.Message);
            return [];
        }
    }

    /// <summary>Null when it cannot be looked at: it is gone since, or its name is not UTF-8 and leads nowhere as it was read.</summary>
    private SourceFile? Found(FileInfo file, string path)
    {
        try
        {
            return new SourceFile(file.FullName, path, file.Length, file.LastWriteTimeUtc.Ticks);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            tally.Unreadable(path, e.Message);
            return null;
        }
    }

    /// <summary>What the entry is, or leads to; null when it is passed over.</summary>
    private FileSystemInfo? Real(FileSystemInfo entry, string path)
    {
        if (entry.LinkTarget is null) return entry;
        if (!followLinks)
        {
            tally.Skip("link");
            return null;
        }
        try
        {
            if (entry.ResolveLinkTarget(returnFinalTarget: true) is { Exists: true } target)
                return Directory.Exists(target.FullName) ? new DirectoryInfo(target.FullName) : new FileInfo(target.FullName);
            tally.Skip("broken link");
        }
        catch (IOException)
        {
            // A link to itself, or a chain too long to follow.
            tally.Skip("broken link");
        }
        catch (UnauthorizedAccessException e)
        {
            tally.Unreadable(path, e.Message);
        }
        return null;
    }

    /// <summary>By name. A number at the end is no type: LGPL-2.1 and ls.1 are texts. What is in a .gz shows when it is opened.</summary>
    internal static bool MayBeText(string name)
    {
        var extension = Path.GetExtension(name).ToLowerInvariant();
        return extension is "" or ".gz" || s_textExtensions.Contains(extension) || extension.AsSpan(1).IndexOfAnyExceptInRange('0', '9') < 0;
    }
}
