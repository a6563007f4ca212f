namespace Sophia.Gpu.Kernels;

/// <summary>Where four rows begin, in chunks.</summary>
internal struct FourPlaces
{
    public long Row0;
    public long Row1;
    public long Row2;
    public long Row3;
}
