namespace Sophia.Bench.Reporting;

/// <summary>What the command line says beside the name of the benchmark.</summary>
internal sealed class BenchSettings
{
    public string? JsonFile { get; private set; }

    /// <summary>Where the services measured keep their data; on the disk of the checkout unless another is named.</summary>
    public string DataDirectory { get; private set; } = Path.Combine(Repository.Root, "artifacts", $"bench-{Environment.ProcessId}");

    public bool OwnsDataDirectory { get; private set; } = true;

    /// <summary>Short rounds, to see that everything runs; the figures say little.</summary>
    public bool IsQuick { get; private set; }

    /// <summary>Only loads whose name starts with this.</summary>
    public string Only { get; private set; } = "";

    /// <summary>Long enough for the runtime to have compiled what is hot: until then a third of the machine is the compiler's.</summary>
    public TimeSpan WarmUp => TimeSpan.FromSeconds(IsQuick ? 1 : 20);

    public TimeSpan Window => TimeSpan.FromSeconds(IsQuick ? 3 : 10);

    public static BenchSettings? Read(ReadOnlySpan<string> args)
    {
        var settings = new BenchSettings();
        for (var i = 0; i < args.Length; i++)
        {
            switch (args[i])
            {
                case "--quick":
                    settings.IsQuick = true;
                    break;
                case "--only" when i + 1 < args.Length:
                    settings.Only = args[++i];
                    break;
                case "--json" when i + 1 < args.Length:
                    settings.JsonFile = args[++i];
                    break;
                case "--data" when i + 1 < args.Length:
                    settings.DataDirectory = Path.Combine(Path.GetFullPath(args[++i]), $"bench-{Environment.ProcessId}");
                    break;
                default:
                    return null;
            }
        }

        return settings;
    }

    /// <summary>A folder of the run's own.</summary>
    public string Folder(string name)
    {
        var path = Path.Combine(DataDirectory, name);
        Directory.CreateDirectory(path);
        return path;
    }
}
