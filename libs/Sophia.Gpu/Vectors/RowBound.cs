using System.Runtime.InteropServices;

namespace Sophia.Gpu.Vectors;

/// <summary>
/// What makes a score of a row's codes, and a bound of it (<see cref="RowCode"/>): side by side, since whoever needs one needs the other,
/// and a row that is read alone then costs one cache line less.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
internal readonly record struct RowBound(float Scale, float Error);
