using System.Runtime.InteropServices;

namespace Sophia.Faults.Tests.Harness;

/// <summary>Signals to processes that the tests started; .NET itself can only send SIGKILL.</summary>
internal static partial class Signals
{
    private const int SigTerm = 15;
    private const int SigContinue = 18;
    private const int SigStop = 19;

    public static void Terminate(int processId) => Send(processId, SigTerm);

    /// <summary>The process stands still, as one on a machine that is suspended, until <see cref="Continue"/>.</summary>
    public static void Stop(int processId) => Send(processId, SigStop);

    public static void Continue(int processId) => Send(processId, SigContinue);

    private static void Send(int processId, int signal)
    {
        if (Kill(processId, signal) != 0)
        {
            throw new InvalidOperationException($"Signal {signal} could not be sent to process {processId}: error {Marshal.GetLastPInvokeError()}.");
        }
    }

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int Kill(int processId, int signal);
}
