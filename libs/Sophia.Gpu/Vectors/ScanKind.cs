namespace Sophia.Gpu.Vectors;

/// <summary>How the rows of a query were found.</summary>
internal enum ScanKind
{
    /// <summary>In float32, because there are few rows, or no codes.</summary>
    Float32,

    /// <summary>By 8-bit codes, and from the originals where the bound left a doubt.</summary>
    Certified,

    /// <summary>In float32 after the codes left too many doubts.</summary>
    TakenOver,

    /// <summary>By the kernels of a device, and from the originals what they left in doubt.</summary>
    Device,
}
