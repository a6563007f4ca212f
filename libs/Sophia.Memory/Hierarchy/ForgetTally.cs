using Sophia.Memory.Log;
using Sophia.Memory.Search.Cluster;

namespace Sophia.Memory.Hierarchy;

/// <summary>Adds up what a forget erases, page by page.</summary>
internal sealed class ForgetTally(bool isDryRun)
{
    private const int KeysShown = 100;
    private readonly List<string> _keys = [];

    public bool IsDryRun => isDryRun;

    public long Matched { get; private set; }

    public long Versions { get; set; }

    public long Vectors { get; set; }

    public long Near { get; set; }

    public long Shared { get; set; }

    public long Shard { get; set; }

    public long Tombstones { get; set; }

    /// <summary>Rows that went from the archive.</summary>
    public long Archived { get; set; }

    /// <summary>The archive could not be asked once, and is asked no more for what its copies go by: the tombstones. For records without one it is asked once more.</summary>
    public bool ArchiveIsAway { get; set; }

    /// <summary>Nor could it be asked for records without a tombstone: the answer says that the forget is to be sent again, and it is asked for none.</summary>
    public bool IsToBeSentAgain { get; set; }

    public Sequence Last { get; set; }

    public List<string> StillHeldBy { get; } = [];

    /// <inheritdoc cref="ForgetAnswer.NotConfirmed"/>
    public List<UnconfirmedCopy> NotConfirmed { get; } = [];

    /// <summary>Adds what did not confirm the erasure, and the holder that it is, each once.</summary>
    public void Miss(UnconfirmedCopy copy, string holder)
    {
        if (!NotConfirmed.Contains(copy))
        {
            NotConfirmed.Add(copy);
        }

        StillHold(holder);
    }

    /// <summary>Adds a holder, once.</summary>
    public void StillHold(string holder)
    {
        if (!StillHeldBy.Contains(holder))
        {
            StillHeldBy.Add(holder);
        }
    }

    public void Add(string key)
    {
        Matched++;
        if (_keys.Count < KeysShown)
        {
            _keys.Add(key);
        }
    }

    public ForgetAnswer ToAnswer() => new(
        isDryRun, Matched, _keys, Versions, Vectors, Near, Shared, Shard, isDryRun ? Matched : Tombstones, StillHeldBy, Last) { Archived = Archived, NotConfirmed = NotConfirmed };
}
