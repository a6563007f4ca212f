namespace Sophia.Memory.Search.Cluster;

/// <summary>What a turn of a conversation does, whatever it speaks of. A byte on the wire between nodes: numbers stay as they are.</summary>
[Flags]
public enum TurnTraits : byte
{
    None = 0,

    /// <summary>It speaks of who says it: I, my, we.</summary>
    OfSelf = 1,

    /// <summary>It ends as a question.</summary>
    Asks = 2,

    /// <summary>It tells what was: I went, she baked.</summary>
    OfPast = 4,

    /// <summary>It names a time: a month, yesterday, 2023.</summary>
    NamesTime = 8,

    /// <summary>It names a number: two, 40.</summary>
    NamesNumber = 16,

    /// <summary>It names a place, as far as that shows: in Lisbon, at the Old Mill.</summary>
    NamesPlace = 32,

    /// <summary>It has words, in a language that is known.</summary>
    Tells = 64,
}
