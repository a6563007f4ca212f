using System.Runtime.CompilerServices;

namespace Sophia.Console.Tests.Harness;

/// <summary>Places in the repository that the tests were built from.</summary>
internal static class Repository
{
    public static string Root { get; } = RootOf();

    /// <summary>The console's own files.</summary>
    public static string Console => Path.Combine(Root, "Sophia.Api", "wwwroot");

    /// <summary>Where screenshots go; ignored by git.</summary>
    public static string Artifacts { get; } = Directory.CreateDirectory(Path.Combine(Root, "artifacts", "console")).FullName;

    /// <summary>A program of the repository, in the configuration that the tests were built in.</summary>
    public static string Built(string folder, string file)
    {
        var framework = new DirectoryInfo(AppContext.BaseDirectory.TrimEnd(Path.DirectorySeparatorChar));
        return Path.Combine(Root, folder, "bin", framework.Parent!.Name, framework.Name, file);
    }

    private static string RootOf([CallerFilePath] string path = "") => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(path)!, "..", "..", ".."));
}
