using System.Diagnostics;

namespace Sophia.Gpu.Tests.Devices;

/// <summary>A library compiled from C, in a folder of its own, in the place of one of NVIDIA's. Without a compiler its test is skipped.</summary>
internal sealed class CompiledLibrary : IDisposable
{
    private readonly DirectoryInfo _folder;

    public CompiledLibrary(string name, string source)
    {
        Skip.IfNot(OperatingSystem.IsLinux() && File.Exists("/usr/bin/gcc"), "needs gcc, which makes the stand-in of the driver's library");
        _folder = Directory.CreateTempSubdirectory("library");
        Path = System.IO.Path.Combine(Folder, name);
        var file = System.IO.Path.Combine(Folder, "source.c");
        File.WriteAllText(file, source);
        using var compiler = Process.Start("/usr/bin/gcc", ["-shared", "-fPIC", "-w", "-o", Path, file]);
        compiler.WaitForExit();
        Assert.Equal(0, compiler.ExitCode);
    }

    public string Folder => _folder.FullName;

    public string Path { get; }

    public void Dispose() => _folder.Delete(recursive: true);
}
