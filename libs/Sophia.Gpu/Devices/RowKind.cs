namespace Sophia.Gpu.Devices;

/// <summary>What the components of stored rows are.</summary>
public enum RowKind
{
    /// <summary>Float32.</summary>
    Floats,

    /// <summary>IEEE 754 halves.</summary>
    Halves,

    /// <summary>8-bit numbers of one scale for each row.</summary>
    Codes,
}
