using ILGPU;
using ILGPU.Backends;
using ILGPU.Runtime.Cuda;
using Sophia.Gpu.Devices;
using Sophia.Gpu.Devices.Ilgpu;

namespace Sophia.Gpu.Tests.Devices;

public sealed class FailuresTests
{
    public static TheoryData<Exception> OfKernels => [new InternalCompilerException("no such type"), new InvalidCodeGenerationException(), new CapabilityNotSupportedException("no half")];

    /// <summary>The driver's assembler may refuse what another took: the device is left out, and the process goes on.</summary>
    [Theory]
    [MemberData(nameof(OfKernels))]
    public void A_kernel_that_cannot_be_made_is_a_failure_of_the_device_and_not_of_the_process(Exception error)
    {
        var failed = Assert.Throws<DeviceFailedException>(() => Failures.Guard(() => throw error));

        Assert.Contains("A kernel cannot be made for the device", failed.Message, StringComparison.Ordinal);
        Assert.False(failed.IsLasting);
    }

    [Fact]
    public void What_a_device_without_calls_does_not_take_back_keeps_nothing_else_from_being_given_back()
    {
        var given = new List<string>();

        Failures.Dispose(new Owned(() => given.Add("one")), new Owned(() => throw new CudaException("an illegal memory access was encountered")), new Owned(() => given.Add("three")));

        Assert.Equal(["one", "three"], given);
        Assert.Throws<InvalidOperationException>(() => Failures.Dispose(new Owned(() => throw new InvalidOperationException())));
    }

    private sealed class Owned(Action dispose) : IDisposable
    {
        public void Dispose() => dispose();
    }
}
