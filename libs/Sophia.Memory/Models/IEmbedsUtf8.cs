namespace Sophia.Memory.Models;

/// <summary>
/// An embedder in this process that reads a text's own bytes and answers at once, so that no string is made of a text
/// that is only to be embedded.
/// </summary>
public interface IEmbedsUtf8
{
    /// <returns>A new array: all zero for a text without words.</returns>
    float[] Embed(ReadOnlySpan<byte> utf8);
}
