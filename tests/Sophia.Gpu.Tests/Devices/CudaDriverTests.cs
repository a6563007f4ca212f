using System.Diagnostics;
using Sophia.Gpu.Devices.Ilgpu;

namespace Sophia.Gpu.Tests.Devices;

/// <summary>The CUDA driver's name of a device, read from a library with its functions that is compiled from C.</summary>
public sealed class CudaDriverTests
{
    private const string Source = """
        int cuDeviceGet(int* device, int ordinal) { if (ordinal > 1) return 101; *device = ordinal + 40; return 0; }
        int cuDeviceGetUuid(unsigned char* uuid, int device) { for (int i = 0; i < 16; i++) uuid[i] = device == 41 ? 0xa0 + i : 0; return 0; }
        """;

    [SkippableFact]
    public void It_is_written_as_nvml_writes_it()
    {
        Skip.IfNot(OperatingSystem.IsLinux() && File.Exists("/usr/bin/gcc"), "needs gcc, which makes the stand-in of the driver's library");
        var folder = Directory.CreateTempSubdirectory("cuda");
        try
        {
            var (source, library) = (Path.Combine(folder.FullName, "cuda.c"), Path.Combine(folder.FullName, "libcuda.so"));
            File.WriteAllText(source, Source);
            using (var compiler = Process.Start("/usr/bin/gcc", ["-shared", "-fPIC", "-o", library, source]))
            {
                compiler.WaitForExit();
                Assert.Equal(0, compiler.ExitCode);
            }

            Assert.Equal("GPU-a0a1a2a3-a4a5-a6a7-a8a9-aaabacadaeaf", CudaDriver.UuidOf(1, library));
            Assert.Null(CudaDriver.UuidOf(2, library));
            Assert.Null(CudaDriver.UuidOf(0, Path.Combine(folder.FullName, "none.so")));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }
}
