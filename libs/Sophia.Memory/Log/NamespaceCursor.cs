using Sophia.Memory.Namespaces;

namespace Sophia.Memory.Log;

/// <summary>
/// How far one follower of a namespace has come in the log of its partition, in which other namespaces are written too.
/// <list type="number">
/// <item>Before the tail moves over changes it says to those who follow their namespaces which is the latest, and wakes these
/// alone afterwards. Who has taken in the latest has seen all that the tail has.</item>
/// <item>Who had seen all so far is first put where the tail stands: what he reads next begins at that change, and the number
/// that he has seen does not go back.</item>
/// </list>
/// The tail and one follower change it, under its lock; any may read.
/// </summary>
internal sealed class NamespaceCursor(LogTail tail, NamespaceInfo ns)
{
    private readonly Pulse _expected = new();
    private readonly Lock _lock = new();
    private long _latest = long.MaxValue;
    private long _taken = -1;

    public NamespaceInfo Namespace => ns;

    /// <summary>Every change of the namespace up to this number of the partition has been taken in; 0 before the first.</summary>
    public long Seen
    {
        get
        {
            lock (_lock)
            {
                // Of the tail first: the latest covers what it had moved over by then.
                var moved = tail.Seen[ns.Partition];
                return Math.Max(_taken >= _latest ? Math.Max(_taken, moved) : _taken, 0);
            }
        }
    }

    /// <summary>There is nothing of the namespace in what the tail has moved over that the follower has not taken in.</summary>
    public bool HasAll
    {
        get
        {
            lock (_lock)
            {
                return _taken >= _latest;
            }
        }
    }

    /// <summary>Where reading goes on. To be asked after <see cref="HasAll"/>, so that it does not begin before what there is.</summary>
    public long Taken
    {
        get
        {
            lock (_lock)
            {
                return Math.Max(_taken, 0);
            }
        }
    }

    /// <summary>Completes when there is a change of the namespace. Take it before <see cref="HasAll"/>, so that none is missed.</summary>
    public Task Next => _expected.Next;

    /// <summary>The follower has taken in what the namespace has up to the number.</summary>
    public void Advance(long number)
    {
        lock (_lock)
        {
            _taken = Math.Max(_taken, number);
        }
    }

    /// <summary>From here on the tail says what there is; the follower has taken in nothing yet.</summary>
    public void Begin()
    {
        lock (_lock)
        {
            _latest = tail.Seen[ns.Partition];
        }
    }

    /// <summary>The tail is about to move over a change of the namespace.</summary>
    public void Expect(long number)
    {
        lock (_lock)
        {
            _taken = _taken >= _latest ? Math.Max(_taken, tail.Seen[ns.Partition]) : _taken;
            _latest = number;
        }
    }

    /// <summary>The tail has moved over it.</summary>
    public void Wake() => _expected.Beat();

    /// <summary>The tail says nothing any more: the cursor stays where it is.</summary>
    public void End()
    {
        lock (_lock)
        {
            _taken = Seen;
            _latest = long.MaxValue;
        }
    }
}
