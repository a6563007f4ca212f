using Sophia.Gpu.Devices.Ilgpu;

namespace Sophia.Gpu.Tests.Devices;

/// <summary>
/// The device that kernels are tested on: ILGPU's CPU accelerator, or, where SOPHIA_TEST_GPU is set to 1, the machine's first NVIDIA GPU:
/// SOPHIA_TEST_GPU=1 dotnet test tests/Sophia.Gpu.Tests -c Release
/// </summary>
internal static class TestDevice
{
    /// <summary>Of a property of tile products, which take seconds each there.</summary>
    internal const int TileSamples = 2;

    /// <param name="bytes">That the simulated one says it has.</param>
    /// <param name="hasTensorCores">Of the simulated one: warps of 32 lanes.</param>
    /// <exception cref="InvalidOperationException">A GPU is asked for and there is none.</exception>
    public static IlgpuDevice Open(long bytes, bool hasTensorCores = false)
    {
        if (Environment.GetEnvironmentVariable("SOPHIA_TEST_GPU") != "1")
        {
            return IlgpuDevice.Simulated(bytes, hasTensorCores);
        }

        var devices = IlgpuDevice.Cuda();
        foreach (var other in devices.Skip(1))
        {
            other.Dispose();
        }

        return devices.Count > 0 ? devices[0] : throw new InvalidOperationException($"SOPHIA_TEST_GPU is 1, and no CUDA device was found. {CudaDriver.WhyNone()}");
    }
}
