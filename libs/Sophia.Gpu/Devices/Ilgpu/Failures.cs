using ILGPU.Runtime;
using ILGPU.Runtime.Cuda;

namespace Sophia.Gpu.Devices.Ilgpu;

/// <summary>What ILGPU throws, in the terms of a device.</summary>
internal static class Failures
{
    public static T Guard<T>(Func<T> call)
    {
        try
        {
            return call();
        }
        catch (AcceleratorException e)
        {
            throw Of(e);
        }
    }

    public static Exception Of(AcceleratorException e) => e is CudaException { Error: nameof(CudaError.CUDA_ERROR_OUT_OF_MEMORY) }
        ? new DeviceMemoryException($"The device has no memory for it: {e.Message}", e)
        : new DeviceFailedException($"The device answered: {e.Message}", e);

    public static void Guard(Action call) => Guard(() =>
    {
        call();
        return true;
    });
}
