namespace Sophia.Memory.Hierarchy;

/// <summary>
/// How many bytes an answer has so far that is written in one piece: a large one would take the memory of everybody, and one that was silently
/// shortened would be wrong.
/// </summary>
/// <param name="what">What is counted, such as "The session's turns", for the refusal.</param>
/// <param name="suggestion">What to do instead.</param>
internal sealed class AnswerBytes(string what, string suggestion)
{
    public const long Most = 64L << 20;

    private int _parts;
    private long _bytes;

    /// <exception cref="RefusedException">too-large. One part is never refused: there is no less to ask for.</exception>
    /// <param name="bytes">Of a part.</param>
    /// <param name="times">How often it stands in the answer.</param>
    public void Add(long bytes, int times = 1)
    {
        _bytes += times * bytes;
        _parts += times;
        if (_parts > 1 && _bytes > Most)
        {
            throw new RefusedException("too-large", $"{what} have over {Most:N0} bytes.", suggestion);
        }
    }
}
