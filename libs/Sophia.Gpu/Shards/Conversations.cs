namespace Sophia.Gpu.Shards;

/// <summary>
/// Which rows stand around a row: the rows of one conversation, or of one document, in the order of their positions.
/// <list type="number">
/// <item>A record says where it stands by its attributes (<see cref="ConversationPlace"/>). Without a place it has no neighbours.</item>
/// <item>Neighbours are counted in rows, not in positions: a deleted turn leaves no gap. Equal positions are ordered by key.</item>
/// <item>A conversation is a sorted list with a tail of what came since; a reader sorts the tail in when it needs the
/// order. A removed row is marked and swept when half are marked, so that removing costs constant time in the long run.</item>
/// </list>
/// One thread at a time changes it, while none reads; readers may be many.
/// </summary>
internal sealed class Conversations(Func<int, string?> keyOf)
{
    private const int NoGroup = -1;

    private readonly Dictionary<(int Kind, string Name), int> _numbers = [];
    private readonly Stack<int> _free = new();
    private Group?[] _groups = new Group?[8];
    private Place[] _places = [];
    private int _groupsUsed;

    /// <summary>Rows that have a conversation.</summary>
    public int Count { get; private set; }

    /// <summary>A place per row (16 bytes), an entry of 24 bytes for a row with neighbours, and 120 and the name a conversation.</summary>
    public long SizeInMemory => (_places.Length * 16L) + (Count * 24L) + (_numbers.Count * 160L);

    /// <summary>Says where the row stands, after forgetting where it stood.</summary>
    public void Set(int row, ConversationPlace place)
    {
        Remove(row);
        if (place is not ({ } name, var kind, var position))
        {
            return;
        }

        if (row >= _places.Length)
        {
            var before = _places.Length;
            Array.Resize(ref _places, Math.Max(16, Math.Max(row + 1, before * 3 / 2)));
            Array.Fill(_places, new Place(NoGroup, 0), before, _places.Length - before);
        }

        if (!_numbers.TryGetValue((kind, name), out var number))
        {
            number = NewGroup(kind, name);
        }

        _places[row] = new Place(number, position);
        _groups[number]!.Add(new Entry(position, row));
        Count++;
    }

    public void Remove(int row)
    {
        if (row >= _places.Length || _places[row].Group == NoGroup)
        {
            return;
        }

        var number = _places[row].Group;
        _places[row] = new Place(NoGroup, 0);
        Count--;
        var group = _groups[number]!;
        if (group.Removed(IsAt(number)))
        {
            _numbers.Remove((group.Kind, group.Name));
            _groups[number] = null;
            _free.Push(number);
        }
    }

    /// <summary>The number of the row's conversation; −1 when it has none.</summary>
    public int GroupOf(int row) => row < _places.Length ? _places[row].Group : NoGroup;

    /// <summary>True for a turn of a conversation, false for a part of a document and for what stands alone.</summary>
    public bool IsTurn(int row) => GroupOf(row) is var number and not NoGroup && _groups[number]!.Kind == 0;

    /// <summary>Gives the rows of the row's conversation, in order, and the row's place among them; empty when it has none.</summary>
    public ReadOnlySpan<Entry> Around(int row, out int at)
    {
        var number = GroupOf(row);
        if (number == NoGroup)
        {
            at = -1;
            return [];
        }

        var entries = _groups[number]!.InOrder(IsAt(number), keyOf);
        at = Find(entries, row, _places[row].Position);
        return entries;
    }

    /// <summary>Where the row stands; null when it has no conversation.</summary>
    public (int Kind, string Name, double Position)? PlaceOf(int row) =>
        GroupOf(row) is var number and not NoGroup ? (_groups[number]!.Kind, _groups[number]!.Name, _places[row].Position) : null;

    /// <summary>The rows of a conversation, in order; empty when there is none of the name.</summary>
    /// <param name="at">The place of the first that does not stand before the position and key.</param>
    public ReadOnlySpan<Entry> From(int kind, string name, double position, string key, out int at)
    {
        at = 0;
        if (!_numbers.TryGetValue((kind, name), out var number))
        {
            return [];
        }

        var entries = _groups[number]!.InOrder(IsAt(number), keyOf);
        at = FirstNotBefore(entries, position, key);
        return entries;
    }

    private int Find(ReadOnlySpan<Entry> entries, int row, double position)
    {
        var at = FirstNotBefore(entries, position, "");
        while (entries[at].Row != row)
        {
            at++;
        }

        return at;
    }

    private int FirstNotBefore(ReadOnlySpan<Entry> entries, double position, string key)
    {
        int low = 0, high = entries.Length;
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (entries[middle].Position < position || (entries[middle].Position == position && string.CompareOrdinal(keyOf(entries[middle].Row), key) < 0))
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        return low;
    }

    /// <summary>Whether an entry still says where its row stands: entries of rows that went away remain until swept.</summary>
    private Func<Entry, bool> IsAt(int number) => entry => _places[entry.Row] == new Place(number, entry.Position);

    private int NewGroup(int kind, string name)
    {
        if (!_free.TryPop(out var number))
        {
            number = _groupsUsed++;
            if (number == _groups.Length)
            {
                Array.Resize(ref _groups, number * 3 / 2);
            }
        }

        _groups[number] = new Group(kind, name);
        _numbers.Add((kind, name), number);
        return number;
    }

    internal readonly record struct Entry(double Position, int Row);

    private readonly record struct Place(int Group, double Position);

    private sealed class Group(int kind, string name)
    {
        private readonly Lock _sorting = new();
        private Entry[] _entries = new Entry[4];
        private int _used;
        private int _living;
        private int _sorted;
        private bool _hasRemoved;

        public int Kind => kind;

        public string Name => name;

        public void Add(Entry entry)
        {
            if (_used == _entries.Length)
            {
                Array.Resize(ref _entries, _used * 2);
            }

            // What comes in order, as turns do, is in order already.
            if (_sorted == _used && !_hasRemoved && (_used == 0 || _entries[_used - 1].Position < entry.Position))
            {
                _sorted++;
            }

            _entries[_used++] = entry;
            _living++;
        }

        /// <summary>Counts one that went; true when it was the last.</summary>
        public bool Removed(Func<Entry, bool> isLive)
        {
            _living--;
            _hasRemoved = true;
            if (_living > 0 && _used > 2 * _living + 16)
            {
                Sweep(isLive);
            }

            return _living == 0;
        }

        public ReadOnlySpan<Entry> InOrder(Func<Entry, bool> isLive, Func<int, string?> keyOf)
        {
            // Readers do not exclude each other: the first that needs the order makes it, in arrays that are then left alone.
            lock (_sorting)
            {
                if (_hasRemoved)
                {
                    Sweep(isLive);
                }

                if (_sorted < _used)
                {
                    _entries = Merged(_entries.AsSpan(0, _sorted), _entries.AsSpan(_sorted, _used - _sorted),
                        (a, b) => a.Position != b.Position ? a.Position.CompareTo(b.Position) : string.CompareOrdinal(keyOf(a.Row), keyOf(b.Row)));
                    _sorted = _used;
                }

                return _entries.AsSpan(0, _used);
            }
        }

        // What came out of order is little, and stands behind what is in order.
        private static Entry[] Merged(ReadOnlySpan<Entry> ordered, ReadOnlySpan<Entry> others, Comparison<Entry> comparison)
        {
            var late = others.ToArray();
            Array.Sort(late, comparison);
            var merged = new Entry[ordered.Length + late.Length];
            for (int i = 0, next = 0; i < merged.Length; i++)
            {
                merged[i] = next == late.Length || (i - next < ordered.Length && comparison(ordered[i - next], late[next]) <= 0) ? ordered[i - next] : late[next++];
            }

            return merged;
        }

        private void Sweep(Func<Entry, bool> isLive)
        {
            // A row that went and came back at the same place has two equal entries, of which the later one counts: it may be another record's,
            // whose key puts it elsewhere.
            var seen = new HashSet<int>(_living);
            var kept = new List<Entry>(_living);
            var sorted = 0;
            for (var i = _used - 1; i >= 0; i--)
            {
                if (isLive(_entries[i]) && seen.Add(_entries[i].Row))
                {
                    kept.Add(_entries[i]);
                    sorted += i < _sorted ? 1 : 0;
                }
            }

            kept.Reverse();

            _entries = kept.Count > 0 ? [.. kept] : new Entry[4];
            (_used, _hasRemoved) = (kept.Count, false);
            _sorted = sorted;
        }
    }
}
