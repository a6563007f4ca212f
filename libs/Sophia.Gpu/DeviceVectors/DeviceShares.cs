using System.Numerics;

namespace Sophia.Gpu.DeviceVectors;

/// <summary>
/// Which device of several scans a unit of pages. Each unit has a home, in turn; while that is left out, the unit is shared out
/// among the others, and those of other homes stay where they are.
/// </summary>
/// <param name="Devices">At most 64.</param>
/// <param name="Live">A bit for each that takes part in the scan; at least one.</param>
internal readonly record struct DeviceShares(int Devices, ulong Live)
{
    /// <summary>It takes part in the scan.</summary>
    public bool Has(int device) => (Live >> device & 1) != 0;

    public int OwnerOf(int unit)
    {
        var home = unit % Devices;
        if (Has(home))
        {
            return home;
        }

        var live = Live;
        for (var skip = unit / Devices % BitOperations.PopCount(Live); skip > 0; skip--)
        {
            live &= live - 1;
        }

        return BitOperations.TrailingZeroCount(live);
    }
}
