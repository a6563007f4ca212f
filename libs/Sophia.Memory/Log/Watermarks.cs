namespace Sophia.Memory.Log;

/// <summary>A cursor on the log: the number of the last change seen, for each partition.</summary>
public sealed class Watermarks
{
    private readonly long[] _numbers;

    public Watermarks() => _numbers = new long[Sequence.Partitions];

    /// <param name="numbers">One number per partition, 64 in all; copied.</param>
    public Watermarks(ReadOnlySpan<long> numbers)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(numbers.Length, Sequence.Partitions);
        _numbers = numbers.ToArray();
    }

    public long this[int partition]
    {
        get => Volatile.Read(ref _numbers[partition]);
        set => Volatile.Write(ref _numbers[partition], value);
    }

    /// <summary>True when this cursor has seen the change, or the sequence is none.</summary>
    public bool Covers(Sequence sequence) => sequence.IsNone || this[sequence.Partition] >= sequence.Number;
}
