using ILGPU;

namespace Sophia.Gpu.Kernels;

/// <summary>The mean of rows of a matrix, for many groups of rows at once: a thread for each component of each group's mean.</summary>
internal static class TokenMeans
{
    /// <summary>Threads are numbered group × width + component: those beside each other read components beside each other.</summary>
    /// <param name="first">The matrix's first float.</param>
    public static void Kernel(ArrayView<float> matrix, long first, int width, ArrayView<int> ids, ArrayView<int> ends, ArrayView<float> means)
    {
        var index = Grid.GlobalIndex.X;
        if (index >= means.IntLength)
        {
            return;
        }

        var group = index / width;
        var component = index - (group * width);
        var begin = group == 0 ? 0 : ends[group - 1];
        var end = ends[group];
        var sum = 0f;
        for (var i = begin; i < end; i++)
        {
            // Offsets over 2 Gi elements need 64 bits.
            sum += matrix[first + ((long)ids[i] * width) + component];
        }

        means[index] = end > begin ? sum / (end - begin) : 0f;
    }
}
