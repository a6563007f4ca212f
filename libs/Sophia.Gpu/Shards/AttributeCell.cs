namespace Sophia.Gpu.Shards;

internal enum CellKind : byte
{
    /// <summary>Null, an object, an empty array, or what an array holds beside scalars: it exists, and equals nothing.</summary>
    Other,
    Text,
    Number,
    True,
    False,
}

/// <summary>One scalar of an attribute of a row; an attribute that is an array has a cell per element, and one more that is Other.</summary>
/// <param name="Name">Interned.</param>
/// <param name="Value">The number's bits, or the interned text.</param>
internal readonly record struct AttributeCell(int Name, CellKind Kind, long Value)
{
    /// <summary>−1 unless the kind is text.</summary>
    public int Text => Kind == CellKind.Text ? (int)Value : -1;

    public double Number => BitConverter.Int64BitsToDouble(Value);
}
