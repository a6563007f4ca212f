using System.Numerics;
using Sophia.Memory.Search;
using ColumnKind = Sophia.Gpu.Shards.AttributeColumn.ColumnKind;

namespace Sophia.Gpu.Shards;

/// <summary>A condition on an attribute, made ready for the rows of one shard.</summary>
internal sealed partial class RowCondition
{
    private readonly RowTable _rows;
    private readonly int _name;
    private readonly Comparison _comparison;
    private readonly IReadOnlyList<AttributeValue> _values;
    private readonly int[] _texts;
    private readonly ushort[] _hashes;

    // An array of many elements may meet a condition of many values: each element is asked for once. Made for the first that is asked for.
    private HashSet<int>? _someTexts;
    private HashSet<double>? _someNumbers;
    private readonly bool _hasTexts;
    private readonly bool _hasNumbers;
    private readonly bool _hasTrue;
    private readonly bool _hasFalse;

    public RowCondition(RowTable rows, AttributeCondition condition)
    {
        _rows = rows;
        Attribute = condition.Name;
        _name = rows.Names.Find(condition.Name);
        _comparison = condition.Comparison;
        _values = condition.Values;
        _texts = new int[_values.Count];
        _hashes = new ushort[_values.Count];
        for (var i = 0; i < _texts.Length; i++)
        {
            _texts[i] = _values[i].Text is { } text ? rows.Texts.Find(text) : -1;
            _hashes[i] = _values[i].Number is { } number ? AttributeColumn.Chunk.HashOf(number) : AttributeColumn.Chunk.HashOf((long)_texts[i]);
            _hasTexts |= _values[i].Text is not null;
            _hasNumbers |= _values[i].Number is not null;
            _hasTrue |= _values[i].Truth is true;
            _hasFalse |= _values[i].Truth is false;
        }
    }

    public string Attribute { get; }

    /// <summary>Takes the rows that do not satisfy it out of a chunk's bitmap.</summary>
    /// <param name="asked">The rows whose missing and mistyped attributes count.</param>
    /// <returns>
    /// Rows left out because they lack the attribute, and rows left out because theirs has a type that no value of the condition has.
    /// </returns>
    public (int Missing, int Mistyped) Restrict(int chunkNumber, Span<ulong> rows, ReadOnlySpan<ulong> asked, CancellationToken cancellationToken)
    {
        if (_rows.ColumnOf(_name)?.Find(chunkNumber) is not { } chunk)
        {
            if (_comparison != Comparison.Missing)
            {
                rows.Clear();
            }

            return UnfitOf(asked, default, default);
        }

        Span<ulong> present = stackalloc ulong[RowChunk.Words];
        Span<ulong> typed = stackalloc ulong[RowChunk.Words];
        Span<ulong> holding = stackalloc ulong[RowChunk.Words];
        if (chunk.Kinds is { } kinds)
        {
            for (var word = 0; word < RowChunk.Words; word++)
            {
                if (asked[word] != 0)
                {
                    present[word] = ColumnScan.IsPresent(kinds, word);
                    typed[word] = IsTyped(kinds, word);
                    holding[word] = Holds(chunkNumber, chunk, word, rows[word] & typed[word], cancellationToken);
                    AddArrays(chunkNumber, kinds, word, asked[word], ref typed[word], ref holding[word], cancellationToken);
                }
            }
        }
        else
        {
            present.Clear();
            typed.Clear();
            holding.Clear();
            foreach (var place in chunk.Places.AsSpan(0, chunk.Count))
            {
                var (word, bit) = (place >> 6, 1UL << place);
                if ((asked[word] & bit) != 0)
                {
                    present[word] |= bit;
                    AddRow(RowOf(chunkNumber, place), bit, ref typed[word], ref holding[word], cancellationToken);
                }
            }
        }

        for (var word = 0; word < RowChunk.Words; word++)
        {
            rows[word] &= _comparison switch
            {
                Comparison.Exists => present[word],
                Comparison.Missing => ~present[word],
                _ => holding[word],
            };
        }

        return UnfitOf(asked, present, typed);
    }

    private static int RowOf(int chunk, int place) => (chunk << RowChunk.RowsLog2) + place;

    private (int Missing, int Mistyped) UnfitOf(ReadOnlySpan<ulong> asked, ReadOnlySpan<ulong> present, ReadOnlySpan<ulong> typed)
    {
        if (_comparison is Comparison.Exists or Comparison.Missing)
        {
            return (0, 0);
        }

        var (missing, mistyped) = (0, 0);
        for (var word = 0; word < asked.Length; word++)
        {
            var there = present.IsEmpty ? 0 : present[word];
            missing += BitOperations.PopCount(asked[word] & ~there);
            mistyped += present.IsEmpty ? 0 : BitOperations.PopCount(asked[word] & there & ~typed[word]);
        }

        return (missing, mistyped);
    }

    /// <summary>The rows of a word with a scalar of a type that a value has.</summary>
    private ulong IsTyped(ColumnKind[] kinds, int word)
    {
        var typed = _hasTexts ? ColumnScan.IsKind(kinds, word, ColumnKind.Text) : 0;
        typed |= _hasNumbers ? ColumnScan.IsKind(kinds, word, ColumnKind.Number) : 0;
        return _hasTrue || _hasFalse ? typed | ColumnScan.IsKind(kinds, word, ColumnKind.True) | ColumnScan.IsKind(kinds, word, ColumnKind.False) : typed;
    }

    /// <summary>Of the given rows of a word, those whose scalar satisfies it.</summary>
    private ulong Holds(int chunkNumber, AttributeColumn.Chunk chunk, int word, ulong asked, CancellationToken cancellationToken)
    {
        if (asked == 0)
        {
            return 0;
        }

        ulong holding = 0;
        var isText = false;
        for (var i = 0; i < _values.Count; i++)
        {
            if (_comparison is Comparison.Equal or Comparison.In && _values[i].Truth is null &&
                (ColumnScan.MayBe(chunk.Hashes, word, _hashes[i]) & asked) == 0)
            {
                continue;
            }

            if (_values[i].Number is { } number)
            {
                holding |= ColumnScan.IsKind(chunk.Kinds!, word, ColumnKind.Number) & ColumnScan.Compares(chunk.Values, word, _comparison, number);
            }
            else if (_values[i].Truth is { } truth)
            {
                var same = ColumnScan.IsKind(chunk.Kinds!, word, truth ? ColumnKind.True : ColumnKind.False);
                var other = ColumnScan.IsKind(chunk.Kinds!, word, truth ? ColumnKind.False : ColumnKind.True);
                holding |= _comparison switch
                {
                    Comparison.Equal or Comparison.In => same,
                    Comparison.NotEqual => other,
                    _ => 0,
                };
            }
            else if (_values[i].Text is not null)
            {
                var isThis = ColumnScan.IsValue(chunk.Values, word, _texts[i]);
                switch (_comparison)
                {
                    case Comparison.Equal or Comparison.In:
                        holding |= ColumnScan.IsKind(chunk.Kinds!, word, ColumnKind.Text) & isThis;
                        break;
                    case Comparison.NotEqual:
                        holding |= ColumnScan.IsKind(chunk.Kinds!, word, ColumnKind.Text) & ~isThis;
                        break;
                    default:
                        isText = true;
                        break;
                }
            }
        }

        if (isText)
        {
            // The order of texts is not that of their numbers: they are read.
            for (var left = asked & ColumnScan.IsKind(chunk.Kinds!, word, ColumnKind.Text); left != 0; left &= left - 1)
            {
                var place = (word * 64) + BitOperations.TrailingZeroCount(left);
                ulong typed = 0;
                AddRow(RowOf(chunkNumber, place), left & (~left + 1), ref typed, ref holding, cancellationToken);
            }
        }

        return holding & asked;
    }

    private void AddArrays(
        int chunkNumber, ColumnKind[] kinds, int word, ulong asked, ref ulong typed, ref ulong holding, CancellationToken cancellationToken)
    {
        for (var left = asked & ColumnScan.IsKind(kinds, word, ColumnKind.Many); left != 0; left &= left - 1)
        {
            AddRow(RowOf(chunkNumber, (word * 64) + BitOperations.TrailingZeroCount(left)), left & (~left + 1), ref typed, ref holding, cancellationToken);
        }
    }
}
