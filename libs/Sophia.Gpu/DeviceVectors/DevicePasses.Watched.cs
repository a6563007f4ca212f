using Sophia.Gpu.Devices;
using Sophia.Gpu.Vectors;
using Sophia.Memory.Search;

namespace Sophia.Gpu.DeviceVectors;

/// <summary>What happens between passes, on the device's thread, each second (<see cref="PageWatch"/>).</summary>
internal sealed partial class DevicePasses
{
    /// <summary>Writes what has changed of what stands on the device.</summary>
    public void Write() => BetweenPasses(() =>
    {
        using var pages = Take();
        var changed = TakeChanged(pages);
        try
        {
            units.Write(pages, changed);
        }
        catch (ShardDamagedException)
        {
            // The next search says so; until then nothing stays there that was taken away.
            units.Clear();
        }
        catch (Exception e) when (e is DeviceMemoryException or ObjectDisposedException)
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
        BetweenPasses(() =>
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

    private void BetweenPasses(Action act)
    {
        if (!device.Gate.IsOpen)
        {
            return;
        }

        ForgetIfReopened();
        try
        {
            act();
        }
        catch (DeviceFailedException e)
        {
            units.Forget();
            device.Gate.Close(e);
        }
        catch (Exception e) when (e is DeviceMemoryException or ObjectDisposedException)
        {
            // No room for the few sums just now, or the shard is gone: the next time, if there is one, is a second away.
        }
    }
}
