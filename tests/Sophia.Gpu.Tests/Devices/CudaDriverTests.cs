using Sophia.Gpu.Devices;
using Sophia.Gpu.Devices.Ilgpu;

namespace Sophia.Gpu.Tests.Devices;

/// <summary>What the CUDA driver says, read from a library with its functions that is compiled from C.</summary>
public sealed class CudaDriverTests
{
    private const string Source = """
        int cuDeviceGet(int* device, int ordinal) { if (ordinal > 1) return 101; *device = ordinal + 40; return 0; }
        int cuDeviceGetUuid(unsigned char* uuid, int device) { for (int i = 0; i < 16; i++) uuid[i] = device == 41 ? 0xa0 + i : 0; return 0; }
        """;

    [SkippableFact]
    public void It_is_written_as_nvml_writes_it()
    {
        using var driver = new CompiledLibrary("libcuda-stand-in.so", Source);

        Assert.Equal("GPU-a0a1a2a3-a4a5-a6a7-a8a9-aaabacadaeaf", CudaDriver.UuidOf(1, driver.Path));
        Assert.Null(CudaDriver.UuidOf(2, driver.Path));
        Assert.Null(CudaDriver.UuidOf(0, driver.Path + ".none"));
    }

    [SkippableTheory]
    [InlineData(802, "CUDA error 802: the fabric is not ready")]
    [InlineData(803, "CUDA error 803")]
    [InlineData(0, "shows no GPU")]
    public void Where_no_gpu_is_found_it_is_said_why(int answer, string why)
    {
        using var driver = new CompiledLibrary("libcuda-stand-in.so", $"int cuInit(unsigned int flags) {{ return {answer}; }}");

        Assert.Contains(why, CudaDriver.WhyNone(driver.Path, driver.Path), StringComparison.Ordinal);
        Assert.Contains("is not there", CudaDriver.WhyNone(driver.Path + ".none", driver.Path), StringComparison.Ordinal);
        Assert.Contains(answer == 0 ? "Make a link" : why, CudaDriver.WhyNone(driver.Path, driver.Path + ".none"), StringComparison.Ordinal);
    }

    [SkippableTheory]
    [InlineData(802, true)]
    [InlineData(100, false)]
    [InlineData(0, false)]
    public void A_driver_that_refuses_to_begin_is_told_from_one_that_is_not_there_or_shows_no_gpu(int answer, bool isRefused)
    {
        using var driver = new CompiledLibrary("libcuda-stand-in.so", $"int cuInit(unsigned int flags) {{ return {answer}; }}");

        Assert.Equal(isRefused, CudaDriver.IsRefused(driver.Path));
        Assert.False(CudaDriver.IsRefused(driver.Path + ".none"));
    }
}
