using System.Diagnostics.Metrics;
using Sophia.Memory.Tiers;

namespace Sophia.Gpu.Vectors;

/// <summary>What the scans say of themselves, under the meter of the tiers.</summary>
internal static class VectorMeters
{
    private static readonly Meter Meter = new(TierMeters.SourceName);

    private static readonly Counter<long> Scans = Meter.CreateCounter<long>(
        "sophia.vector.scans", "{scan}",
        "Queries scanned: by certified codes, in float32 from the start, in float32 because too many rows lay within the bound (taken-over), or by a device's kernels (device).");

    private static readonly KeyValuePair<string, object?> Certified = new("kind", "certified");
    private static readonly KeyValuePair<string, object?> Float32 = new("kind", "float32");
    private static readonly KeyValuePair<string, object?> Device = new("kind", "device");
    private static readonly KeyValuePair<string, object?> TakenOver = new("kind", "taken-over");

    /// <summary>Rows that were scored again from their originals.</summary>
    public static readonly Counter<long> Rescored = Meter.CreateCounter<long>(
        "sophia.vector.rescored", "{row}", "Rows within the bound of the last hit, scored again from their float32 originals.");

    /// <summary>Blocks of originals that the disk did not take.</summary>
    public static readonly Counter<long> OriginalsInMemory = Meter.CreateCounter<long>(
        "sophia.vector.originals.in_memory", "{block}", "Blocks of float32 originals kept in memory because their file could not be made.");

    /// <summary>Rows in files that were not what was written there.</summary>
    public static readonly Counter<long> Damaged = Meter.CreateCounter<long>(
        "sophia.vector.damaged", "{row}", "Vectors read back from a file that were not what was written there; each time the shard was made anew from L3.");

    /// <summary>Rows whose bound on a device their exact score was above.</summary>
    public static readonly Counter<long> Contradicted = Meter.CreateCounter<long>(
        "sophia.vector.device.contradicted", "{row}", "Rows that scored more than a device said they could: their pages on it were written anew, and the host answered.");

    /// <summary>Bytes on a device that were compared with what was written there.</summary>
    public static readonly Counter<long> Looked = Meter.CreateCounter<long>(
        "sophia.vector.device.looked", "By", "Bytes of a device's vector cache whose sum was compared with that of what was written there; all of it each ten minutes.");

    /// <summary>Pages on a device that are not what was written there.</summary>
    public static readonly Counter<long> DamagedOnDevice = Meter.CreateCounter<long>(
        "sophia.vector.device.damaged", "{page}", "Pages of a device's vector cache that were not what was written there; each was written anew before the next scan.");

    /// <summary>Blocks that the pool had no room for.</summary>
    public static readonly Counter<long> OutsidePool = Meter.CreateCounter<long>(
        "sophia.vector.outside_pool", "{block}", "Blocks of vectors in memory of the process because the vector cache's pool had no room.");

    /// <summary>Searches that a device answered in one pass.</summary>
    public static readonly Histogram<int> Together = Meter.CreateHistogram<int>(
        "sophia.vector.device.together", "{scan}", "Searches of a shard that a device answered in one pass over its rows.");

    /// <summary>Bytes that a device's pool was sent.</summary>
    public static readonly Counter<long> Uploaded = Meter.CreateCounter<long>(
        "sophia.vector.device.uploaded", "By", "Bytes of vectors written to a device's vector cache.");

    /// <summary>Bytes that went through the buffer pool because their unit was not in the vector cache.</summary>
    public static readonly Counter<long> Streamed = Meter.CreateCounter<long>(
        "sophia.vector.device.streamed", "By", "Bytes of vectors that a scan sent through a device's buffer pool because they were not in its vector cache.");

    /// <summary>Scans that a device began and the host had to answer.</summary>
    public static readonly Counter<long> HandedBack = Meter.CreateCounter<long>(
        "sophia.vector.device.handed_back", "{scan}", "Scans that the host answered because the device failed, was late, had no room, or left too many rows in doubt, or contradicted the originals; by reason.");

    public static void Count(ScanKind kind, long queries = 1) => Scans.Add(queries, kind switch
    {
        ScanKind.Certified => Certified,
        ScanKind.TakenOver => TakenOver,
        ScanKind.Device => Device,
        _ => Float32,
    });
}
