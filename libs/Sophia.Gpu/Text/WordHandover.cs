using System.Buffers;
using System.Runtime.CompilerServices;

namespace Sophia.Gpu.Text;

/// <summary>
/// The words of texts on their way from the embedder, which has read them, to the shard that gets the vector, so that no
/// text is read twice in the process that writes it.
/// <list type="number">
/// <item>The key is the vector's array itself: from the embedder to the shard it is the same object, and it belongs to one text.</item>
/// <item>The table is direct-mapped and without locks; what is displaced, or finds the table full, is simply read again.</item>
/// <item>Taking the words takes them out. What nobody takes (queries, namespaces whose shard is not loaded) is dropped
/// after two to three seconds, so that nothing of a forgotten text stays here longer than that.</item>
/// <item>Where nothing was taken for a second or two, since shards are held elsewhere, one text in <see cref="Probe"/> is offered until
/// one is: what waits in vain outlives a collection of garbage, and costs more than reading it again.</item>
/// </list>
/// </summary>
internal sealed class WordHandover(TimeProvider clock)
{
    /// <summary>Of one text; longer ones are read again.</summary>
    public const int MostWords = 4096;

    /// <summary>All words that wait, as references.</summary>
    public const long LimitBytes = 16 << 20;

    /// <summary>Of so many texts that nobody seems to want one is offered.</summary>
    public const int Probe = 64;

    /// <summary>What has seen so many beats is dropped.</summary>
    private const int BeatsKept = 3;

    private const int SlotBits = 14;

    // Hundreds of texts wait at once, more than the shared pool keeps arrays for.
    private static readonly ArrayPool<Word> Arrays = ArrayPool<Word>.Create(maxArrayLength: 512, maxArraysPerBucket: 1024);
    private static readonly TimeSpan Beat = TimeSpan.FromSeconds(1);
    private readonly Offered?[] _slots = new Offered?[1 << SlotBits];
    private readonly Lock _starting = new();
    private ITimer? _timer;
    private long _bytes;
    private int _beats;
    private int _takenAt;
    private int _unwanted;

    public static WordHandover Shared { get; } = new(TimeProvider.System);

    /// <summary>Bytes that wait to be taken.</summary>
    public long WaitingBytes => Volatile.Read(ref _bytes);

    public void Offer(float[] vector, ReadOnlySpan<Word> words)
    {
        if (words.Length is 0 or > MostWords || Volatile.Read(ref _bytes) > LimitBytes || !IsWanted())
        {
            return;
        }

        if (_timer is null)
        {
            StartBeating();
        }

        var offered = new Offered(vector, words, Volatile.Read(ref _beats));
        var displaced = Interlocked.Exchange(ref SlotOf(vector), offered);
        Interlocked.Add(ref _bytes, offered.Size);
        if (displaced is not null)
        {
            Drop(displaced);
        }
    }

    /// <summary>Appends the words of the text that the vector was made of, if they are still here; they are not afterwards.</summary>
    public bool TryTake(float[] vector, List<Word> words)
    {
        ref var slot = ref SlotOf(vector);
        var offered = Volatile.Read(ref slot);
        if (offered is null || !ReferenceEquals(offered.Vector, vector) || Interlocked.CompareExchange(ref slot, null, offered) != offered)
        {
            return false;
        }

        words.AddRange(offered.Words);
        Drop(offered);
        Volatile.Write(ref _takenAt, Volatile.Read(ref _beats));
        return true;
    }

    private bool IsWanted() =>
        Volatile.Read(ref _beats) - Volatile.Read(ref _takenAt) <= 1 || Interlocked.Increment(ref _unwanted) % Probe == 0;

    // Only by the thread that took it out of its slot.
    private void Drop(Offered offered)
    {
        Interlocked.Add(ref _bytes, -offered.Size);
        offered.Release();
    }

    private ref Offered? SlotOf(float[] vector) =>
        ref _slots[(uint)RuntimeHelpers.GetHashCode(vector) * 0x9e3779b9u >> (32 - SlotBits)];

    private void StartBeating()
    {
        lock (_starting)
        {
            _timer ??= clock.CreateTimer(_ => DropOld(), null, Beat, Beat);
        }
    }

    private void DropOld()
    {
        var oldest = Interlocked.Increment(ref _beats) - BeatsKept;
        if (Volatile.Read(ref _bytes) == 0)
        {
            return;
        }

        foreach (ref var slot in _slots.AsSpan())
        {
            var offered = Volatile.Read(ref slot);
            if (offered is not null && offered.Beat <= oldest && Interlocked.CompareExchange(ref slot, null, offered) == offered)
            {
                Drop(offered);
            }
        }
    }

    private sealed class Offered
    {
        private readonly Word[] _words;
        private readonly int _count;

        public Offered(float[] vector, ReadOnlySpan<Word> words, int beat)
        {
            (Vector, Beat, _count) = (vector, beat, words.Length);
            _words = Arrays.Rent(words.Length);
            words.CopyTo(_words);
        }

        public float[] Vector { get; }

        public int Beat { get; }

        public ReadOnlySpan<Word> Words => _words.AsSpan(0, _count);

        public long Size => 64 + (8L * _words.Length);

        public void Release()
        {
            Array.Clear(_words, 0, _count);
            Arrays.Return(_words);
        }
    }
}
