namespace Sophia.Gpu.Shards;

/// <summary>The unit in which rows are kept and filters evaluated: 4,096 rows, a bit each in 64 words.</summary>
internal static class RowChunk
{
    public const int RowsLog2 = 12;
    public const int Rows = 1 << RowsLog2;
    public const int Words = Rows / 64;

    public static int Of(int row) => row >> RowsLog2;

    public static int PlaceOf(int row) => row & (Rows - 1);
}
