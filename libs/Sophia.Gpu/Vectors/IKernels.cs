namespace Sophia.Gpu.Vectors;

/// <summary>
/// The inner loops of the scans, once per <see cref="Devices.VectorPath"/>; scans are generic over them, so that the
/// compiler binds and inlines the calls. Lengths are whole cache lines: multiples of 16 floats, or of 64 codes.
/// The score of a row depends on its contents alone, not on where it stands, so that equal rows have equal scores.
/// Tiles keep their sums in registers, and so are not inlined into other loops, while they walk the components of 8 rows and of 16, 32
/// or 64 queries (Goto, van de Geijn,
/// "Anatomy of High-Performance Matrix Multiplication", ACM TOMS 2008).
/// </summary>
internal unsafe interface IKernels
{
    /// <summary>Rows of a tile.</summary>
    const int TileRows = 8;

    /// <summary>Queries that are packed side by side.</summary>
    const int Lanes = 16;

    /// <summary>The dot product in single precision; the order of the sum is the path's own.</summary>
    static abstract float Dot(float* row, float* query, int length);

    /// <summary>The dot product of an 8-bit row and a 16-bit query, exact while the sum fits 32 bits (<see cref="PreparedQuery"/> sees to it).</summary>
    static abstract int Dot(sbyte* row, short* query, int length);

    /// <summary>As <see cref="Dot(float*, float*, int)"/>; asks for what follows in memory, where a scan goes from row to row.</summary>
    static abstract float DotAhead(float* row, float* query, int length);

    /// <summary>As <see cref="Dot(sbyte*, short*, int)"/>, likewise.</summary>
    static abstract int DotAhead(sbyte* row, short* query, int length);

    /// <summary>8 rows by 16 queries.</summary>
    /// <param name="rows">The first row; the others follow at the stride.</param>
    /// <param name="stride">Floats from row to row.</param>
    /// <param name="packed">Component after component, at the step: 16 floats, one of every query.</param>
    /// <param name="step">Floats from component to component.</param>
    /// <param name="scores">Row after row, 16 floats each.</param>
    static abstract void Tile(float* rows, nint stride, float* packed, nint step, int length, float* scores);

    /// <summary>
    /// 8 rows by 32 queries, packed at a step of 32: as two tiles one after the other, at twice the products for each number
    /// loaded. It asks for the rows that follow in memory.
    /// </summary>
    static abstract void WideTile(float* rows, nint stride, float* packed, int length, float* scores);

    /// <summary>True where <see cref="CoarseTile"/> is faster than <see cref="WideTile(short*, short*, nint, int, int*)"/>.</summary>
    static abstract bool HasCoarse { get; }

    /// <summary>8 rows by 16 queries as 8-bit numbers (<see cref="CoarseQuery"/>), exact.</summary>
    /// <param name="rows">8 rows of codes plus 128, one after the other.</param>
    /// <param name="packed">Four components after four: 64 numbers, four of every query.</param>
    /// <param name="sums">Row after row, 16 sums each.</param>
    /// <param name="ahead">What will be read next, as many bytes as the rows have.</param>
    static abstract void CoarseTile(byte* rows, sbyte* packed, int length, int* sums, sbyte* ahead);

    /// <summary>For which of 16 queries a row may be among the best: (sum + correction) · unit · scale + slope · error + offset ≥ threshold.</summary>
    /// <param name="sums">Of the row, by <see cref="CoarseTile"/>.</param>
    /// <param name="lane">Of the first query.</param>
    /// <param name="thresholds">By lane.</param>
    /// <param name="scale">Of the row.</param>
    /// <param name="error">Of the row.</param>
    /// <returns>A bit for each query.</returns>
    static abstract uint Passing(int* sums, LaneLimits limits, int lane, float* thresholds, float scale, float error);

    /// <summary>8 rows by 16 queries, exact as <see cref="Dot(sbyte*, short*, int)"/>.</summary>
    /// <param name="rows">8 widened rows, one after the other.</param>
    /// <param name="packed">Pair of components after pair, at the step: 32 numbers, one pair of every query.</param>
    /// <param name="step">Numbers from pair to pair.</param>
    /// <param name="sums">Row after row, 16 sums each.</param>
    static abstract void Tile(short* rows, short* packed, nint step, int length, int* sums);

    /// <summary>8 rows by 64 queries: as <see cref="Tile(short*, short*, nint, int, int*)"/>, with 64 sums for each row.</summary>
    static abstract void WideTile(short* rows, short* packed, nint step, int length, int* sums);

    /// <summary>Codes as 16-bit numbers.</summary>
    static abstract void Widen(sbyte* codes, short* wide, int length);
}
