using ILGPU;
using ILGPU.Runtime;
using Sophia.Gpu.Devices;
using Sophia.Gpu.Kernels;

namespace Sophia.Bench.Gpu;

/// <summary>Fills pages with random rows on the device, since sending them there would take longer than all measures.</summary>
internal static class RandomRows
{
    /// <param name="kind">As <see cref="RowKind"/>.</param>
    /// <param name="reach">Components are evenly spread from minus this to this; codes over all that they can be.</param>
    public static void Kernel(ArrayView<Chunk> memory, RowShape shape, int kind, float reach, uint seed)
    {
        memory = memory.AsAligned(Chunk.Bytes);
        var rows = 1 << shape.RowsPerPageLog2;
        var headAt = (long)shape.Chunks * rows;
        for (var at = ((long)Grid.IdxX * Group.DimX) + Group.IdxX; at < memory.Length; at += (long)Grid.DimX * Group.DimX)
        {
            var page = at / shape.PageChunks;
            var inPage = at - (page * shape.PageChunks);
            var (a, b, c, d) = (Hash(at, 0, seed), Hash(at, 1, seed), Hash(at, 2, seed), Hash(at, 3, seed));
            var chunk = default(Chunk);
            if (inPage >= headAt)
            {
                // Scales, errors, owners: three stretches of a quarter as many chunks as rows.
                var head = (inPage - headAt) * 4;
                var row = (uint)((page * rows) + (head - (2L * rows)));
                chunk = head < rows ? Same(Interop.FloatAsInt(kind == 2 ? reach / 127 : 1f))
                    : head < 2 * rows ? Same(Interop.FloatAsInt(kind == 0 ? 0f : 0.001f))
                    : new Chunk { A = row, B = row + 1, C = row + 2, D = row + 3 };
            }
            else if (kind == 0)
            {
                chunk = new Chunk { A = Single(a, reach), B = Single(b, reach), C = Single(c, reach), D = Single(d, reach) };
            }
            else if (kind == 1)
            {
                chunk = new Chunk { A = Halves(a, reach), B = Halves(b, reach), C = Halves(c, reach), D = Halves(d, reach) };
            }
            else
            {
                chunk = new Chunk { A = Codes(a), B = Codes(b), C = Codes(c), D = Codes(d) };
            }

            memory[at] = chunk;
        }
    }

    private static Chunk Same(uint word) => new() { A = word, B = word, C = word, D = word };

    private static uint Single(uint random, float reach) => Interop.FloatAsInt(((int)random / 2147483648f) * reach);

    private static uint Halves(uint random, float reach) => Half((int)(random & 0xffff), reach) | (Half((int)(random >> 16), reach) << 16);

    private static uint Half(int random, float reach) => Interop.FloatAsInt((ILGPU.Half)(((random / 32768f) - 1f) * reach));

    // −128 is no code.
    private static uint Codes(uint random) => Code(random) | (Code(random >> 8) << 8) | (Code(random >> 16) << 16) | (Code(random >> 24) << 24);

    private static uint Code(uint random) => (random & 0xff) == 0x80 ? 0u : random & 0xff;

    // Wang's integer hash.
    private static uint Hash(long at, uint word, uint seed)
    {
        var value = (((uint)at * 4) + word) ^ (uint)(at >> 30) ^ seed;
        value = (value ^ 61u) ^ (value >> 16);
        value *= 9u;
        value ^= value >> 4;
        value *= 0x27d4eb2du;
        return value ^ (value >> 15);
    }
}
