using Sophia.Gpu.Devices;
using Sophia.Gpu.Pools;
using Sophia.Gpu.Vectors;

namespace Sophia.Gpu.DeviceVectors;

/// <summary>What happens between passes, each second (<see cref="PageWatch"/>).</summary>
internal sealed partial class DeviceUnits
{
    /// <summary>
    /// Writes what has changed of the units that stand there; one that does not comes in whole. When what stands there is not trusted, it
    /// is given back instead, since it must be written anew in any case.
    /// </summary>
    /// <param name="changed">Pages of the view.</param>
    public void Write(VectorPages.Lease pages, IReadOnlySet<int> changed)
    {
        if (_mustWriteAll)
        {
            Clear();
            return;
        }

        var offsets = new long[_runs.Length];
        Array.Fill(offsets, -1);
        var pinned = new List<PageRun>();
        try
        {
            foreach (var unit in changed.Select(page => page / _shape.PagesPerUnit).Distinct())
            {
                if (unit < _runs.Length && _runs[unit] is { } run && _device.Vectors.TryPin(run))
                {
                    offsets[unit] = run.Offset;
                    pinned.Add(run);
                }
            }

            Upload(pages, offsets, [], changed);
        }
        finally
        {
            pinned.ForEach(_device.Vectors.Unpin);
        }
    }

    /// <summary>Compares the pages of the next few units with what was written there.</summary>
    /// <param name="most">Units.</param>
    /// <param name="isThrough">The last unit was looked at.</param>
    /// <param name="damaged">Gets the pages that differ.</param>
    /// <returns>How many units were looked at.</returns>
    public int LookAt(int most, List<int> damaged, out bool isThrough)
    {
        var (looked, offsets, sums) = (0, new long[_shape.PagesPerUnit], new ulong[_shape.PagesPerUnit]);
        for (; looked < most && _nextLooked < _runs.Length && !_mustWriteAll; _nextLooked++)
        {
            if (_runs[_nextLooked] is not { } run || !_device.Vectors.TryPin(run))
            {
                continue;
            }

            try
            {
                for (var i = 0; i < offsets.Length; i++)
                {
                    offsets[i] = run.Offset + (i * _shape.PageBytes);
                }

                _device.Device.Device.Sum(_device.Vectors.Memory, offsets, (int)_shape.PageBytes, sums);
                _device.Thread.Progressed();
                for (var i = 0; i < sums.Length; i++)
                {
                    if (sums[i] != _sums[(_nextLooked * _shape.PagesPerUnit) + i])
                    {
                        damaged.Add((_nextLooked * _shape.PagesPerUnit) + i);
                    }
                }

                looked++;
            }
            finally
            {
                _device.Vectors.Unpin(run);
            }
        }

        isThrough = _nextLooked >= _runs.Length || _mustWriteAll;
        _nextLooked = isThrough ? 0 : _nextLooked;
        VectorMeters.Looked.Add(looked * _shape.UnitBytes);
        return looked;
    }
}
