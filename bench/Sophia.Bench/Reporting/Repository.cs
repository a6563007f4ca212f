namespace Sophia.Bench.Reporting;

/// <summary>Where the checkout and its build outputs are.</summary>
internal static class Repository
{
    public static string Root { get; } = FindRoot();

    public static string ApiAssembly => AssemblyOf("Sophia.Api");

    public static string AssemblyOf(string service) => Path.Combine(Root, service, "bin", Configuration, "net10.0", service + ".dll");

#if DEBUG
    private const string Configuration = "Debug";
#else
    private const string Configuration = "Release";
#endif

    private static string FindRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Sophia.sln")))
            {
                return folder.FullName;
            }
        }

        throw new InvalidOperationException("The benchmarks run from the checkout: bench/run.sh.");
    }
}
