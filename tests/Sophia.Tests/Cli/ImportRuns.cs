using System.IO.Compression;

namespace Sophia.Tests.Cli;

/// <summary>Imports by the command line into a scripted service, from files of a folder of their own.</summary>
public abstract class ImportRuns : CommandRuns
{
    private protected Task<CliResult> Import(string source, params string[] options) => Run(["import", source, "-n", "docs", "--json", .. options]);

    private protected string WriteGzip(string path, byte[] content)
    {
        var full = Cli.Write(path, "");
        using var gzip = new GZipStream(File.Create(full), CompressionLevel.Fastest);
        gzip.Write(content);
        return full;
    }
}
