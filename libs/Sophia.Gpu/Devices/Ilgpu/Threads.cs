using ILGPU;
using ILGPU.Runtime;

namespace Sophia.Gpu.Devices.Ilgpu;

/// <summary>How many threads a kernel of one dimension gets.</summary>
internal static class Threads
{
    /// <summary>At least one for each element; kernels look whether theirs is there.</summary>
    public static KernelConfig For(Accelerator accelerator, int length)
    {
        var group = Math.Min(256, accelerator.MaxNumThreadsPerGroup);
        return new KernelConfig((int)((length + group - 1L) / group), group);
    }
}
