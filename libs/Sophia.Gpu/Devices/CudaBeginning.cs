using System.Runtime.InteropServices;

namespace Sophia.Gpu.Devices;

/// <summary>Whether the CUDA driver begins: one that is there and refuses may begin later, when the process is started again.</summary>
internal static unsafe class CudaBeginning
{
    private const int Success = 0;
    private const int NoDevice = 100;

    private static string Name => OperatingSystem.IsWindows() ? "nvcuda.dll" : "libcuda.so.1";

    /// <summary>False also where the driver is not there, or shows no GPU: neither comes by itself.</summary>
    /// <param name="library">The library of the driver; another one in tests.</param>
    public static bool IsRefused(string? library = null)
    {
        if (!NativeLibrary.TryLoad(library ?? Name, out var cuda))
        {
            return false;
        }

        try
        {
            return NativeLibrary.TryGetExport(cuda, "cuInit", out var init) && ((delegate* unmanaged<uint, int>)init)(0) is not (Success or NoDevice);
        }
        finally
        {
            NativeLibrary.Free(cuda);
        }
    }
}
