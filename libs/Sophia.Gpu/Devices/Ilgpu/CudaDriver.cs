using System.Runtime.InteropServices;

namespace Sophia.Gpu.Devices.Ilgpu;

/// <summary>What ILGPU does not ask the CUDA driver (docs.nvidia.com/cuda/cuda-driver-api, device management).</summary>
internal static unsafe class CudaDriver
{
    /// <summary>By this name ILGPU looks for the driver on Linux.</summary>
    private const string Link = "libcuda.so";

    private const int Success = 0;
    private const int NoDevice = 100;
    private const int SystemNotReady = 802;
    private const int UuidBytes = 16;

    private static string Name => OperatingSystem.IsWindows() ? "nvcuda.dll" : "libcuda.so.1";

    /// <summary>The name by which NVML knows the same GPU, whose own order may be another; null where the driver does not say.</summary>
    /// <param name="ordinal">CUDA's number of the device.</param>
    /// <param name="library">The library of the driver; another one in tests.</param>
    public static string? UuidOf(int ordinal, string? library = null)
    {
        if (!NativeLibrary.TryLoad(library ?? Name, out var cuda))
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

    /// <summary>
    /// Whether the driver is there and does not begin: it may later, when the process is started again. False also where it shows no GPU, which does
    /// not come by itself.
    /// </summary>
    /// <param name="library">The library of the driver; another one in tests.</param>
    public static bool IsRefused(string? library = null)
    {
        if (!NativeLibrary.TryLoad(library ?? Name, out var cuda))
        {
            return false;
        }

        try
        {
            return Begin(cuda) is not (Success or NoDevice);
        }
        finally
        {
            NativeLibrary.Free(cuda);
        }
    }

    /// <summary>Why ILGPU finds no GPU, which it does not say itself, and what to do.</summary>
    /// <param name="library">The library of the driver; another one in tests.</param>
    /// <param name="link">The name by which ILGPU looks for it.</param>
    public static string WhyNone(string? library = null, string? link = null)
    {
        var name = library ?? Name;
        if (!NativeLibrary.TryLoad(name, out var cuda))
        {
            return $"{name}, the library of the NVIDIA driver, is not there. Install the driver (nvidia-smi shows the GPU then).";
        }

        try
        {
            var answer = Begin(cuda);
            if (answer != Success)
            {
                return $"The NVIDIA driver refuses to begin with CUDA error {answer}" +
                    (answer == SystemNotReady ? ": the fabric is not ready. Start the fabric manager, or wait for it." : ". See nvidia-smi and the system's log.");
            }
        }
        finally
        {
            NativeLibrary.Free(cuda);
        }

        if (!OperatingSystem.IsWindows() && !NativeLibrary.TryLoad(link ?? Link, out _))
        {
            return $"{name} is there and {link ?? Link} is not, by which it is looked for. Make a link of that name to it where libraries are looked for.";
        }

        return "The NVIDIA driver works and shows no GPU. See nvidia-smi, and CUDA_VISIBLE_DEVICES.";
    }

    private static int Begin(nint cuda) => NativeLibrary.TryGetExport(cuda, "cuInit", out var init) ? ((delegate* unmanaged<uint, int>)init)(0) : Success;
}
