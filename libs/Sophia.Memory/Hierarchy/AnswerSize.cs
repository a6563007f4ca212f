using System.Runtime.InteropServices;
using Sophia.Memory.Records;

namespace Sophia.Memory.Hierarchy;

/// <summary>
/// How many bytes the records of a search's answer have. A record counts as often as it is shown, beside every hit that it stands
/// around: an answer is written in one piece, and a few hits with long neighbours would take the memory of everybody.
/// </summary>
/// <param name="hits">How many there are about.</param>
internal sealed class AnswerSize(int hits)
{
    private readonly Dictionary<string, int> _times = new(hits, StringComparer.Ordinal);
    private readonly AnswerBytes _bytes = new("The records of the answer, each as often as it stands beside a hit,", "Ask for fewer hits (k) or less context.");

    /// <summary>The record under the key is shown once more. All are told before the first is added.</summary>
    public bool IsFirst(string key)
    {
        ref var times = ref CollectionsMarshal.GetValueRefOrAddDefault(_times, key, out var isKnown);
        times++;
        return !isKnown;
    }

    /// <exception cref="RefusedException">too-large.</exception>
    public void Add(MemoryRecord record) => Add(record, _times[record.Key]);

    /// <exception cref="RefusedException">too-large.</exception>
    public void Add(MemoryRecord record, int times) => _bytes.Add(BytesOf(record), times);

    /// <summary>Bytes of content, attributes, key and tags.</summary>
    public static long BytesOf(MemoryRecord record)
    {
        long bytes = record.Content.Length + record.Attributes.Length + record.Key.Length;
        for (var i = 0; i < record.Tags.Count; i++)
        {
            bytes += record.Tags[i].Length;
        }

        return bytes;
    }
}
