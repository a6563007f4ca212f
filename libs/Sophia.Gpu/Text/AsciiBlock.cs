using System.Diagnostics;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Sophia.Gpu.Text;

/// <summary>
/// 64 characters of a text, looked at at once: which are letters or digits of ASCII, which are no ASCII, and the ASCII
/// ones in lower case as bytes.
/// </summary>
internal ref struct AsciiBlock
{
    public const int Length = 64;
    private Bytes _lower;

    /// <summary>A bit for each character that is a letter or a digit of ASCII.</summary>
    public ulong Words { get; private set; }

    /// <summary>A bit for each character that is no ASCII.</summary>
    public ulong Others { get; private set; }

    /// <summary>A bit for each of _ . ' @ + #, which may join what stands around them, or belong to it.</summary>
    public ulong Joiners { get; private set; }

    [InlineArray(Length + PackedWord.MaxLength)]
    private struct Bytes
    {
        private byte _first;
    }

    /// <param name="text">Its first 64 characters count; what is missing of them is taken for no words.</param>
    public void Load(ReadOnlySpan<char> text)
    {
        if (text.Length < Length)
        {
            Span<char> padded = stackalloc char[Length];
            padded[text.Length..].Clear();
            text.CopyTo(padded);
            Load(ref MemoryMarshal.GetReference(padded));
        }
        else
        {
            Load(ref MemoryMarshal.GetReference(text));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Load(ref char text)
    {
        (Words, Others, Joiners) = (0, 0, 0);
        ref var units = ref Unsafe.As<char, ushort>(ref text);
        for (var i = 0; i < Length; i += Vector256<byte>.Count)
        {
            // What is above 255 becomes 255: no ASCII either way.
            var ascii = Vector256.NarrowWithSaturation(
                Vector256.LoadUnsafe(ref units, (nuint)i), Vector256.LoadUnsafe(ref units, (nuint)(i + 16)));
            var raised = ascii | Vector256.Create((byte)0x20);
            var letters = Vector256.LessThan(raised - Vector256.Create((byte)'a'), Vector256.Create((byte)26));
            var digits = Vector256.LessThan(ascii - Vector256.Create((byte)'0'), Vector256.Create((byte)10));
            var joiners = Vector256.Equals(ascii, Vector256.Create((byte)'_')) | Vector256.Equals(ascii, Vector256.Create((byte)'.')) |
                Vector256.Equals(ascii, Vector256.Create((byte)'\'')) | Vector256.Equals(ascii, Vector256.Create((byte)'@')) |
                Vector256.Equals(ascii, Vector256.Create((byte)'+')) | Vector256.Equals(ascii, Vector256.Create((byte)'#'));
            Vector256.ConditionalSelect(letters, raised, ascii).StoreUnsafe(ref Unsafe.As<Bytes, byte>(ref _lower), (nuint)i);
            Words |= (ulong)(letters | digits).ExtractMostSignificantBits() << i;
            Others |= (ulong)ascii.ExtractMostSignificantBits() << i;
            Joiners |= (ulong)joiners.ExtractMostSignificantBits() << i;
        }
    }

    /// <summary>The lower-case byte of a character.</summary>
    public readonly byte this[int at] => _lower[at];

    /// <summary>Characters from <paramref name="start"/> on that are letters or digits of ASCII.</summary>
    public readonly int WordLength(int start) => BitOperations.TrailingZeroCount(~(Words >> start));

    /// <param name="length">1–16, within the block.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly PackedWord Pack(int start, int length)
    {
        Debug.Assert(length is >= 1 and <= PackedWord.MaxLength && start + length <= Length);
        ref var from = ref Unsafe.Add(ref Unsafe.As<Bytes, byte>(ref Unsafe.AsRef(in _lower)), start);
        var low = BitConverter.IsLittleEndian ? Unsafe.ReadUnaligned<ulong>(ref from) : System.Buffers.Binary.BinaryPrimitives.ReverseEndianness(Unsafe.ReadUnaligned<ulong>(ref from));
        if (length < 8)
        {
            return new PackedWord(low & ((1UL << (8 * length)) - 1), 0);
        }

        ref var rest = ref Unsafe.Add(ref from, 8);
        var high = BitConverter.IsLittleEndian ? Unsafe.ReadUnaligned<ulong>(ref rest) : System.Buffers.Binary.BinaryPrimitives.ReverseEndianness(Unsafe.ReadUnaligned<ulong>(ref rest));
        return new PackedWord(low, length == 16 ? high : high & ((1UL << (8 * (length - 8))) - 1));
    }
}
