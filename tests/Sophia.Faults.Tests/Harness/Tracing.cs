using System.Diagnostics;

namespace Sophia.Faults.Tests.Harness;

/// <summary>Whether system calls of a process can be traced here.</summary>
internal static class Tracing
{
    /// <summary>Skips the test where strace is missing or may not trace.</summary>
    public static void RequirePossible(string folder)
    {
        var start = new ProcessStartInfo("strace", ["-o", Path.Combine(folder, "probe"), "true"]) { RedirectStandardError = true };
        try
        {
            using var strace = Process.Start(start)!;
            var said = strace.StandardError.ReadToEnd();
            strace.WaitForExit();
            Skip.If(strace.ExitCode != 0, $"strace may not trace here: {said.Trim()}");
        }
        catch (System.ComponentModel.Win32Exception)
        {
            Skip.If(true, "strace is not installed (Debian: apt-get install strace).");
        }
    }
}
