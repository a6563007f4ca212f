using System.Buffers;

namespace Sophia.Snowflake.ExternalFunctions;

/// <summary>Takes bytes up to a limit and refuses at the first room that is asked for beyond it, so that no more than one value is held in vain.</summary>
internal sealed class BoundedBuffer(int initial, long most) : IBufferWriter<byte>
{
    private readonly ArrayBufferWriter<byte> _bytes = new(initial);

    public void Advance(int count) => _bytes.Advance(count);

    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        RequireWithin();
        return _bytes.GetMemory(sizeHint);
    }

    public Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;

    /// <exception cref="BatchRefusedException">answer-too-large (413).</exception>
    public byte[] ToArray()
    {
        RequireWithin();
        return _bytes.WrittenSpan.ToArray();
    }

    private void RequireWithin()
    {
        if (_bytes.WrittenCount > most)
        {
            throw new BatchRefusedException(
                413, "answer-too-large", $"The answer has more than {most} bytes.", "Ask for less of each row (k of sophia_vector_search), or set MAX_BATCH_ROWS of the function lower.");
        }
    }
}
