using System.Runtime.CompilerServices;

namespace Sophia.Tests.Infrastructure;

/// <summary>The project's own files, where the tests were built.</summary>
internal static class Repository
{
    public static string Root { get; } = RootOf();

    private static string RootOf([CallerFilePath] string path = "") => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(path)!, "..", "..", ".."));
}
