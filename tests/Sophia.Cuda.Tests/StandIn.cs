using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;

namespace Sophia.Gpu.Tests;

/// <summary>The stand-in of the CUDA driver, which this process finds in the driver's place (tests/Sophia.Cuda.StandIn).</summary>
internal static unsafe partial class StandIn
{
    private static nint s_library;

    public static string Folder { get; } = Path.Combine(AppContext.BaseDirectory, "standin");

    /// <summary>What it says: why a kernel was ended, and what is no error and should not be.</summary>
    public static string Log { get; } = Path.Combine(Path.GetTempPath(), $"standin-{Environment.ProcessId}.log");

    /// <summary>What all kernels have read, written and run so far.</summary>
    public static JsonDocument Counts()
    {
        var counts = (delegate* unmanaged<byte*, nuint, nuint>)NativeLibrary.GetExport(s_library, "standin_counts");
        var text = new byte[(int)counts(null, 0) + (1 << 16)];
        fixed (byte* at = text)
        {
            var length = counts(at, (nuint)text.Length);
            return JsonDocument.Parse(Encoding.UTF8.GetString(text, 0, (int)length).TrimEnd('\0', '\n'));
        }
    }

    public static void ResetCounts() => ((delegate* unmanaged<void>)NativeLibrary.GetExport(s_library, "standin_counts_reset"))();

    /// <summary>The call of a function that is so many from now on answers a code, or causes it.</summary>
    public static void Fault(string function, int code, int number)
    {
        fixed (byte* name = Encoding.UTF8.GetBytes(function + '\0'))
        {
            Assert.Equal(0, ((delegate* unmanaged<byte*, int, int, int>)NativeLibrary.GetExport(s_library, "standin_fault"))(name, code, number));
        }
    }

    /// <summary>Forgets what was asked for and did not happen.</summary>
    public static void Heal() => ((delegate* unmanaged<void>)NativeLibrary.GetExport(s_library, "standin_heal"))();

    [ModuleInitializer]
    internal static void Load()
    {
        // The stand-in asks the C library, which does not see what .NET sets.
        _ = SetVariable("STANDIN_CUDA_DEVICES", "NVIDIA H200:16GiB", 1);
        _ = SetVariable("STANDIN_CUDA_LOG", Log, 1);
        s_library = NativeLibrary.Load(Path.Combine(Folder, "libcuda.so.1"));
        NativeLibrary.SetDllImportResolver(typeof(ILGPU.Context).Assembly, static (name, _, _) => name.Contains("cuda", StringComparison.Ordinal) ? s_library : 0);
    }

    [LibraryImport("libc", EntryPoint = "setenv", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int SetVariable(string name, string value, int replaces);
}
