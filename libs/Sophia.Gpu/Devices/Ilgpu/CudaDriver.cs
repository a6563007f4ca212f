using System.Runtime.InteropServices;

namespace Sophia.Gpu.Devices.Ilgpu;

/// <summary>What ILGPU does not ask the CUDA driver (docs.nvidia.com/cuda/cuda-driver-api, device management).</summary>
internal static unsafe class CudaDriver
{
    private const int Success = 0;
    private const int UuidBytes = 16;

    /// <summary>The name by which NVML knows the same GPU, whose own order may be another; null where the driver does not say.</summary>
    /// <param name="ordinal">CUDA's number of the device.</param>
    /// <param name="library">The library of the driver; another one in tests.</param>
    public static string? UuidOf(int ordinal, string? library = null)
    {
        if (!NativeLibrary.TryLoad(library ?? (OperatingSystem.IsWindows() ? "nvcuda.dll" : "libcuda.so.1"), out var cuda))
        {
            return null;
        }

        try
        {
            int device;
            var bytes = stackalloc byte[UuidBytes];
            return NativeLibrary.TryGetExport(cuda, "cuDeviceGet", out var get) && ((delegate* unmanaged<int*, int, int>)get)(&device, ordinal) == Success &&
                NativeLibrary.TryGetExport(cuda, "cuDeviceGetUuid", out var uuid) && ((delegate* unmanaged<byte*, int, int>)uuid)(bytes, device) == Success
                ? $"GPU-{new Guid(new ReadOnlySpan<byte>(bytes, UuidBytes), bigEndian: true)}" : null;
        }
        finally
        {
            NativeLibrary.Free(cuda);
        }
    }
}
