using ILGPU;

namespace Sophia.Gpu.Kernels;

/// <summary>
/// The memory of four rows, by their 16-byte chunks. Each is a pointer of its own, so that a chunk's address is one product
/// and one sum of it.
/// </summary>
internal struct FourReads
{
    public ArrayView<Chunk> Row0;
    public ArrayView<Chunk> Row1;
    public ArrayView<Chunk> Row2;
    public ArrayView<Chunk> Row3;

    /// <param name="chunks">Of a row.</param>
    public static FourReads Of(ArrayView<Chunk> rows, FourPlaces at, int chunks) => new()
    {
        Row0 = rows.SubView(at.Row0, chunks), Row1 = rows.SubView(at.Row1, chunks), Row2 = rows.SubView(at.Row2, chunks), Row3 = rows.SubView(at.Row3, chunks),
    };

    public readonly FourChunks Read(int chunk) => new() { Row0 = Row0[chunk], Row1 = Row1[chunk], Row2 = Row2[chunk], Row3 = Row3[chunk] };
}

/// <summary>A chunk of each of four rows.</summary>
internal struct FourChunks
{
    public Chunk Row0;
    public Chunk Row1;
    public Chunk Row2;
    public Chunk Row3;
}
