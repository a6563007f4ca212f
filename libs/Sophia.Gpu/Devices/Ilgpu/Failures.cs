using System.Collections.Frozen;
using ILGPU;
using ILGPU.Backends;
using ILGPU.Runtime;
using ILGPU.Runtime.Cuda;

namespace Sophia.Gpu.Devices.Ilgpu;

/// <summary>What ILGPU throws, in the terms of a device.</summary>
internal static class Failures
{
    /// <summary>
    /// "This leaves the process in an inconsistent state and any further CUDA work will return the same error. To continue using CUDA, the
    /// process must be terminated and relaunched." Source: CUDA Driver API, cudaError_enum; uncorrectable errors of memory and link are such, too.
    /// </summary>
    /// <remarks>Those that ILGPU has no name for are numbers: contained errors of the hardware, leaked tensor memory, an end of MPS, an external device.</remarks>
    private static readonly FrozenSet<string> s_lasting = FrozenSet.Create(
        StringComparer.Ordinal, "226", "721", "810", "911", "CUDA_ERROR_DEINITIALIZED", "CUDA_ERROR_CONTEXT_IS_DESTROYED", "CUDA_ERROR_UNKNOWN", "CUDA_ERROR_ECC_UNCORRECTABLE", "CUDA_ERROR_NVLINK_UNCORRECTABLE", "CUDA_ERROR_ILLEGAL_ADDRESS", "CUDA_ERROR_LAUNCH_TIMEOUT", "CUDA_ERROR_ASSERT",
        "CUDA_ERROR_HARDWARE_STACK_ERROR", "CUDA_ERROR_ILLEGAL_INSTRUCTION", "CUDA_ERROR_MISALIGNED_ADDRESS", "CUDA_ERROR_INVALID_ADDRESS_SPACE", "CUDA_ERROR_INVALID_PC",
        "CUDA_ERROR_LAUNCH_FAILED");

    /// <summary>Of the device, or of the making of a kernel for it.</summary>
    public static bool Is(Exception e) => e is AcceleratorException || IsOfKernel(e);

    /// <summary>A kernel cannot be made for the device.</summary>
    public static bool IsOfKernel(Exception e) => e is InternalCompilerException or InvalidCodeGenerationException or CapabilityNotSupportedException;

    /// <summary>No call of this process to the device can succeed any more.</summary>
    public static bool IsLasting(Exception e) => e is CudaException cuda && s_lasting.Contains(cuda.Error);

    public static T Guard<T>(Func<T> call)
    {
        try
        {
            return call();
        }
        catch (Exception e) when (Is(e))
        {
            throw Of(e);
        }
    }

    public static Exception Of(Exception e) => e is CudaException { Error: nameof(CudaError.CUDA_ERROR_OUT_OF_MEMORY) }
        ? new DeviceMemoryException($"The device has no memory for it: {e.Message}", e)
        : new DeviceFailedException(IsOfKernel(e) ? $"A kernel cannot be made for the device: {e.Message}" : $"The device answered: {e.Message}", e) { IsLasting = IsLasting(e) };

    /// <summary>What a device answered that could not be opened, and what to do.</summary>
    public static string AtStart(Exception e)
    {
        ArgumentNullException.ThrowIfNull(e);
        var error = (e as CudaException)?.Error;
        return $"It cannot be opened: {e.Message} ({error ?? e.GetType().Name}). " + error switch
        {
            "802" or "CUDA_ERROR_SYSTEM_NOT_READY" => "The fabric is not ready: start the fabric manager, or wait for it, and start this process again.",
            nameof(CudaError.CUDA_ERROR_OUT_OF_MEMORY) => "Another process holds its memory: see nvidia-smi, end that one, and start this process again.",
            _ => "See nvidia-smi (another process may have it for itself) and the system's log, and start this process again when it answers.",
        };
    }

    /// <summary>Gives memory back. A device that takes no calls any more keeps it until the process ends, which says so elsewhere.</summary>
    public static void Dispose(params ReadOnlySpan<IDisposable> owned)
    {
        foreach (var each in owned)
        {
            try
            {
                each.Dispose();
            }
            catch (AcceleratorException)
            {
            }
        }
    }

    public static void Guard(Action call) => Guard(() =>
    {
        call();
        return true;
    });
}
