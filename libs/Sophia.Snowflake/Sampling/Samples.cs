using System.IO.Hashing;
using System.Text;

namespace Sophia.Snowflake.Sampling;

/// <summary>A pool at one moment.</summary>
/// <param name="Name">{node}/{gpu}/{pool}</param>
/// <param name="Kind">models, inference-cache, vector-cache, buffers.</param>
public readonly record struct PoolSample(string Name, string Node, string Kind, long AllocatedBytes, long UsedBytes)
{
    private const int MostCharacters = 50;

    /// <summary>The name in the 50 characters of its column: a node whose name is too long has its end, behind a hash of the whole.</summary>
    public string ShortName
    {
        get
        {
            var slash = Name.IndexOf('/', StringComparison.Ordinal);
            if (Name.Length <= MostCharacters || slash < 0)
            {
                return Name.Length <= MostCharacters ? Name : Name[..MostCharacters];
            }

            var rest = Name[slash..];
            var hash = XxHash32.HashToUInt32(Encoding.UTF8.GetBytes(Name[..slash])).ToString("x8", System.Globalization.CultureInfo.InvariantCulture);
            var room = MostCharacters - rest.Length - hash.Length - 1;
            return room > 0 ? $"{hash}-{Name[(slash - room)..slash]}{rest}" : $"{hash}{rest}"[..Math.Min(MostCharacters, hash.Length + rest.Length)];
        }
    }
}

/// <summary>What a GPU's driver says at one moment. Null is what it does not report.</summary>
/// <param name="Index">Its number among the node's GPUs.</param>
/// <param name="MemoryUtilization">The share of its memory that is in use, 0–1.</param>
/// <param name="ComputeUtilization">The share of the time in which a kernel ran, 0–1.</param>
public readonly record struct GpuSample(int Index, string Id, double? MemoryUtilization, double? ComputeUtilization, double? TemperatureCelsius, double? PowerWatts);
