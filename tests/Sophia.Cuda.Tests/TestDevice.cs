using Sophia.Gpu.Devices.Ilgpu;

namespace Sophia.Gpu.Tests.Devices;

/// <summary>The device that kernels are tested on: the GPU of the stand-in.</summary>
internal static class TestDevice
{
    /// <summary>Of a property of tile products, which take no time there.</summary>
    internal const int TileSamples = 12;

    /// <param name="bytes">It has more.</param>
    /// <param name="hasTensorCores">It has.</param>
    public static IlgpuDevice Open(long bytes, bool hasTensorCores = false) => Assert.Single(IlgpuDevice.Cuda());
}
