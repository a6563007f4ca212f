namespace Sophia.Gpu.Shards;

/// <summary>Small numbers for the strings of tags and attributes; a string that nothing uses any more is forgotten.</summary>
internal sealed class Interner
{
    private readonly Dictionary<string, int> _ids = new(StringComparer.Ordinal);
    private readonly Stack<int> _free = new();
    private readonly List<string?> _texts = [];
    private readonly List<int> _uses = [];
    private long _characters;

    public long SizeInMemory => (_characters * 2) + (_ids.Count * (22L + 28)) + (_texts.Capacity * 12L);

    public int Use(string text)
    {
        if (!_ids.TryGetValue(text, out var id))
        {
            if (!_free.TryPop(out id))
            {
                id = _texts.Count;
                _texts.Add(null);
                _uses.Add(0);
            }

            _ids.Add(text, id);
            _texts[id] = text;
            _characters += text.Length;
        }

        _uses[id]++;
        return id;
    }

    /// <summary>True when that was its last use: the number will stand for another string.</summary>
    public bool Release(int id)
    {
        if (--_uses[id] == 0)
        {
            _characters -= _texts[id]!.Length;
            _ids.Remove(_texts[id]!);
            _texts[id] = null;
            _free.Push(id);
            return true;
        }

        return false;
    }

    /// <summary>The number of a string, or −1 when no row uses it.</summary>
    public int Find(string text) => _ids.TryGetValue(text, out var id) ? id : -1;

    public string TextOf(int id) => _texts[id]!;
}
