using Sophia.Gpu.Devices;
using Sophia.Gpu.Vectors;
using Sophia.Memory.Search;

namespace Sophia.Gpu.DeviceVectors;

/// <summary>What happens between passes, on the device's thread, each second (<see cref="PageWatch"/>).</summary>
internal sealed partial class DevicePasses
{
    /// <summary>Writes what has changed of what stands on the device; of a shard that has gone, all is given back.</summary>
    /// <returns>False when what was taken away may stand there yet.</returns>
    public bool Write() => BetweenPasses(() =>
    {
        HashSet<int> changed = [];
        try
        {
            using var pages = Take();
            changed = TakeChanged(pages);
            units.Write(pages, changed);
        }
        catch (ObjectDisposedException)
        {
            units.Clear(_evictedFor);
        }
        catch (ShardDamagedException)
        {
            // The next search says so; until then nothing stays there that was taken away.
            units.Clear();
        }
        catch (DeviceMemoryException)
        {
            Mark(changed);
            throw;
        }
    });

    /// <summary>Compares the next few units with what was written there; pages that differ are written anew before the next scan.</summary>
    /// <param name="most">Units.</param>
    /// <param name="isThrough">The last unit was looked at.</param>
    /// <returns>How many units were looked at.</returns>
    public int Look(int most, out bool isThrough)
    {
        var (looked, isLast, damaged) = (0, true, new List<int>());
        _ = BetweenPasses(() =>
        {
            looked = units.LookAt(most, damaged, out isLast);
            lock (_marking)
            {
                // One that waits to be written anyway was counted before, or need not be.
                VectorMeters.DamagedOnDevice.Add(damaged.Count(_changed.Add));
            }
        });
        isThrough = isLast;
        return looked;
    }

    /// <returns>False when the device is left out, or did not do it.</returns>
    private bool BetweenPasses(Action act)
    {
        if (!device.Gate.IsOpen)
        {
            return false;
        }

        ForgetIfReopened();
        try
        {
            act();
            return true;
        }
        catch (DeviceFailedException e)
        {
            units.Forget();
            device.Gate.Close(e);
            return false;
        }
        catch (DeviceMemoryException)
        {
            // No room for it just now: the next time is a second away.
            return false;
        }
    }
}
