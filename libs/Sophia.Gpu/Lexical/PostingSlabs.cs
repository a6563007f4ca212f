using System.Buffers.Binary;

namespace Sophia.Gpu.Lexical;

/// <summary>
/// Room for the bytes of short posting lists: blocks of a few sizes, cut from large arrays, a freed one used again for the
/// next list of its size. An index has hundreds of thousands of short lists that grow now and then; as arrays of their own
/// they were much of what each collection of garbage had to look at and to copy.
/// </summary>
internal sealed class PostingSlabs
{
    /// <summary>Of a block: enough for what a list takes until it has an array of its own.</summary>
    public const int MostBytes = 1280;

    /// <summary>A collection does not move arrays so large.</summary>
    private const int SlabBytes = 1 << 18;

    private const int Unit = 8;
    private const int UnitsPerSlabLog2 = 15;
    private const int None = -1;

    private readonly int[] _free = new int[Sizes.Length];
    private byte[][] _slabs = [];
    private int _used;
    private int _left;

    public PostingSlabs() => Array.Fill(_free, None);

    public long SizeInMemory => (long)_used * SlabBytes;

    private static ReadOnlySpan<short> Sizes => [24, 40, 64, 96, 144, 216, 328, 496, 744, 1120, MostBytes];

    /// <summary>The least size that holds so many bytes, as a number for the other calls.</summary>
    /// <param name="bytes">At most <see cref="MostBytes"/>.</param>
    public static int SizeFor(int bytes)
    {
        var size = 0;
        while (Sizes[size] < bytes)
        {
            size++;
        }

        return size;
    }

    public static int BytesOf(int size) => Sizes[size];

    /// <returns>The place of a block of the size; what is in it is undefined.</returns>
    public int Take(int size)
    {
        var place = _free[size];
        if (place != None)
        {
            _free[size] = BinaryPrimitives.ReadInt32LittleEndian(At(place, size));
            return place;
        }

        if (_left < Sizes[size])
        {
            if (_used == _slabs.Length)
            {
                Array.Resize(ref _slabs, Math.Max(4, _used * 2));
            }

            _slabs[_used++] = GC.AllocateUninitializedArray<byte>(SlabBytes);
            _left = SlabBytes;
        }

        place = ((_used - 1) << UnitsPerSlabLog2) + ((SlabBytes - _left) / Unit);
        _left -= Sizes[size];
        return place;
    }

    public void Return(int place, int size)
    {
        BinaryPrimitives.WriteInt32LittleEndian(At(place, size), _free[size]);
        _free[size] = place;
    }

    public Span<byte> At(int place, int size) =>
        _slabs[place >> UnitsPerSlabLog2].AsSpan((place & ((1 << UnitsPerSlabLog2) - 1)) * Unit, Sizes[size]);
}
