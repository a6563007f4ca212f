using System.Diagnostics;
using System.Globalization;

namespace Sophia.Faults.Tests.Harness;

/// <summary>A file system of a few megabytes in memory, so that a disk can be full.</summary>
internal sealed class SmallDisk : IDisposable
{
    private readonly TestFolder _folder = new();

    /// <summary>Mounts it. Skips the test where that is not allowed.</summary>
    public SmallDisk(int megabytes)
    {
        try
        {
            Skip.IfNot(OperatingSystem.IsLinux() && System.Environment.IsPrivilegedProcess, "Only root on Linux may mount a file system.");
            var (code, said) = Run("mount", "-t", "tmpfs", "-o", string.Create(CultureInfo.InvariantCulture, $"size={megabytes}m"), "sophia-faults", Path);
            Skip.If(code != 0, $"A small file system may not be mounted here: {said}");
        }
        catch
        {
            _folder.Dispose();
            throw;
        }
    }

    public string Path => _folder.Path;

    public void Dispose()
    {
        Run("umount", "-l", Path);
        _folder.Dispose();
    }

    private static (int Code, string Said) Run(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true })!;
        var said = process.StandardError.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, said.Trim());
    }
}
