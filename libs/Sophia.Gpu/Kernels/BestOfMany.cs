using ILGPU;

namespace Sophia.Gpu.Kernels;

/// <summary>
/// The greatest so many of a list of numbers, for several lists at once, without sorting them: a radix select (Alabi et al.,
/// "Fast k-selection algorithms for graphics processing units", 2012). Numbers become keys whose order as whole numbers is
/// theirs; four rounds of 8 bits find the key of the last one that is in, then one pass gathers. A kernel that merges parts is
/// the same one over the parts. No kernel takes its index from ILGPU as a parameter: that counts as the same for all lanes, and branches
/// by it would be said not to part.
/// </summary>
internal static class BestOfMany
{
    public const int Bins = 256;
    public const int Rounds = 4;

    /// <summary>By list: the key's bits found so far.</summary>
    private const int Prefix = 0;

    /// <summary>How many of the numbers with these bits are still to be found.</summary>
    private const int Left = 1;

    private const int Gathered = 2;
    private const int Ties = 3;
    public const int StateSize = 4;

    /// <summary>Before the first round.</summary>
    public static void Begin(ArrayView<int> state, ArrayView<int> bins, int wanted)
    {
        var index = Grid.GlobalIndex.X;
        if (index < state.IntLength)
        {
            state[index] = index % StateSize == Left ? wanted : 0;
        }

        if (index < bins.IntLength)
        {
            bins[index] = 0;
        }
    }

    /// <summary>Makes room for results: −∞.</summary>
    public static void Clear(ArrayView<int> names, ArrayView<float> numbers) => Trim(names, numbers, 1, 0);

    /// <summary>Counts the numbers with the bits found so far by their next eight. The grid's second dimension is the list.</summary>
    /// <param name="length">Numbers of each list that there are.</param>
    /// <param name="stride">From one list to the next.</param>
    public static void Count(ArrayView<float> lists, int length, int stride, int round, ArrayView<int> state, ArrayView<int> bins)
    {
        var own = SharedMemory.Allocate<int>(Bins);
        for (var i = Group.IdxX; i < Bins; i += Group.DimX)
        {
            own[i] = 0;
        }

        Group.Barrier();
        var list = Grid.IdxY;
        var shift = 24 - (8 * round);
        var mask = round == 0 ? 0 : ~0u << (shift + 8);
        var prefix = (uint)state[(list * StateSize) + Prefix] & mask;
        var begin = (long)list * stride;
        for (var i = ((long)Grid.IdxX * Group.DimX) + Group.IdxX; i < length; i += (long)Grid.DimX * Group.DimX)
        {
            var key = KeyOf(lists[begin + i]);
            if ((key & mask) == prefix)
            {
                Atomic.Add(ref own[(int)(key >> shift) & (Bins - 1)], 1);
            }
        }

        Group.Barrier();
        for (var i = Group.IdxX; i < Bins; i += Group.DimX)
        {
            if (own[i] != 0)
            {
                Atomic.Add(ref bins[(list * Bins) + i], own[i]);
            }
        }
    }

    /// <summary>Finds the next eight bits, one group of 16 threads or more for each list, and clears the counts.</summary>
    public static void Narrow(int round, ArrayView<int> state, ArrayView<int> bins)
    {
        var own = SharedMemory.Allocate<int>(Bins);
        var sums = SharedMemory.Allocate<int>(16);
        var list = Grid.IdxX;
        for (var i = Group.IdxX; i < Bins; i += Group.DimX)
        {
            own[i] = bins[(list * Bins) + i];
            bins[(list * Bins) + i] = 0;
        }

        Group.Barrier();
        if (Group.IdxX < 16)
        {
            var sum = 0;
            for (var i = 0; i < 16; i++)
            {
                sum += own[(Group.IdxX * 16) + i];
            }

            sums[Group.IdxX] = sum;
        }

        Group.Barrier();
        if (Group.IdxX == 0)
        {
            var left = state[(list * StateSize) + Left];
            var sixteen = 15;
            while (sixteen > 0 && sums[sixteen] < left)
            {
                left -= sums[sixteen];
                sixteen--;
            }

            var bin = (sixteen * 16) + 15;
            while (bin > sixteen * 16 && own[bin] < left)
            {
                left -= own[bin];
                bin--;
            }

            state[(list * StateSize) + Left] = left;
            state[(list * StateSize) + Prefix] |= bin << (24 - (8 * round));
        }
    }

    /// <summary>Writes those that are in, in no order. The grid's second dimension is the list; −∞ is never in.</summary>
    /// <param name="names">What the numbers are called; where <paramref name="hasNames"/> is 0, by their places from <paramref name="first"/> on.</param>
    /// <param name="most">Room in the result for each list from <paramref name="at"/> on, of <paramref name="bestStride"/> from one to the next.</param>
    public static void Gather(
        ArrayView<float> lists, ArrayView<int> names, int hasNames, int first, int length, int stride, ArrayView<int> state, ArrayView<int> bestNames, ArrayView<float> best,
        int most, int at, int bestStride)
    {
        var list = Grid.IdxY;
        var last = (uint)state[(list * StateSize) + Prefix];
        var ties = state[(list * StateSize) + Left];
        var begin = (long)list * stride;
        for (var i = ((long)Grid.IdxX * Group.DimX) + Group.IdxX; i < length; i += (long)Grid.DimX * Group.DimX)
        {
            var number = lists[begin + i];
            var key = KeyOf(number);

            // Always 1 where it is added. ILGPU takes what an atomic returns for the same in all lanes where its operands are, and
            // then branches by it as if no lane could differ.
            var one = key >= last ? 1 : 0;
            if (key >= last && number != float.NegativeInfinity && (key > last || Atomic.Add(ref state[(list * StateSize) + Ties], one) < ties))
            {
                var place = Atomic.Add(ref state[(list * StateSize) + Gathered], one);
                if (place < most)
                {
                    best[((long)list * bestStride) + at + place] = number;
                    bestNames[((long)list * bestStride) + at + place] = hasNames != 0 ? names[begin + i] : first + (int)i;
                }
            }
        }
    }

    /// <summary>Of lists whose best have just been selected: the least of these, which what is appended must be above, and how many there are.</summary>
    public static void Floor(ArrayView<int> state, int wanted, ArrayView<float> floors, ArrayView<int> counts)
    {
        var list = Grid.GlobalIndex.X;
        if (list < floors.IntLength)
        {
            floors[list] = NumberOf((uint)state[(list * StateSize) + Prefix]);
            counts[list] = wanted;
        }
    }

    /// <summary>Takes out what was appended to lists behind their best.</summary>
    public static void Trim(ArrayView<int> names, ArrayView<float> numbers, int stride, int wanted)
    {
        var index = Grid.GlobalIndex.X;
        if (index < names.IntLength && index % stride >= wanted)
        {
            names[index] = -1;
            numbers[index] = float.NegativeInfinity;
        }
    }

    private static float NumberOf(uint key) => Interop.IntAsFloat((key & 0x80000000) != 0 ? key & 0x7fffffff : ~key);

    /// <summary>Greater numbers have greater keys, and what is no number the greatest: nothing is known of its row.</summary>
    private static uint KeyOf(float number)
    {
        var bits = Interop.FloatAsInt(number);
        return (bits & 0x7fffffff) > 0x7f800000 ? uint.MaxValue : (bits & 0x80000000) != 0 ? ~bits : bits | 0x80000000;
    }
}
