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

    private long _bytes;

    /// <exception cref="RefusedException">too-large.</exception>
    public void Add(long bytes)
    {
        _bytes += bytes;
        if (_bytes > Most)
        {
            throw new RefusedException("too-large", $"{what} have over {Most:N0} bytes.", suggestion);
        }
    }
}
