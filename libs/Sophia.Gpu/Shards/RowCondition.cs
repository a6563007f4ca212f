using Sophia.Memory.Search;

namespace Sophia.Gpu.Shards;

/// <summary>A condition on an attribute, made ready for the rows of one shard.</summary>
internal sealed class RowCondition
{
    private readonly RowTable _rows;
    private readonly int _name;
    private readonly Comparison _comparison;
    private readonly IReadOnlyList<AttributeValue> _values;
    private readonly int[] _texts;

    public RowCondition(RowTable rows, AttributeCondition condition)
    {
        _rows = rows;
        _name = rows.Names.Find(condition.Name);
        _comparison = condition.Comparison;
        _values = condition.Values;
        _texts = new int[_values.Count];
        for (var i = 0; i < _texts.Length; i++)
        {
            _texts[i] = _values[i].Text is { } text ? rows.Texts.Find(text) : -1;
        }
    }

    public bool Holds(ReadOnlySpan<AttributeCell> cells)
    {
        foreach (ref readonly var cell in cells)
        {
            if (cell.Name != _name)
            {
                continue;
            }

            switch (_comparison)
            {
                case Comparison.Missing:
                    return false;
                case Comparison.Exists:
                    return true;
                default:
                    if (HoldsForAnyValue(cell))
                    {
                        return true;
                    }

                    break;
            }
        }

        return _comparison == Comparison.Missing;
    }

    private bool HoldsForAnyValue(in AttributeCell cell)
    {
        // One value, but for In, where any will do.
        for (var i = 0; i < _values.Count; i++)
        {
            if (cell.Kind switch
            {
                CellKind.Text => _values[i].Text is { } text && HoldsForText(cell.Text, text, _texts[i]),
                CellKind.Number => _values[i].Number is { } number && HoldsForOrder(cell.Number.CompareTo(number)),
                CellKind.True or CellKind.False => _values[i].Truth is { } truth && HoldsForTruth(cell.Kind == CellKind.True, truth),
                _ => false,
            })
            {
                return true;
            }
        }

        return false;
    }

    private bool HoldsForText(int text, string value, int valueId) => _comparison switch
    {
        Comparison.Equal or Comparison.In => text == valueId,
        Comparison.NotEqual => text != valueId,
        _ => HoldsForOrder(string.CompareOrdinal(_rows.Texts.TextOf(text), value)),
    };

    private bool HoldsForTruth(bool truth, bool value) => _comparison switch
    {
        Comparison.Equal or Comparison.In => truth == value,
        Comparison.NotEqual => truth != value,
        _ => false,
    };

    private bool HoldsForOrder(int order) => _comparison switch
    {
        Comparison.Equal or Comparison.In => order == 0,
        Comparison.NotEqual => order != 0,
        Comparison.Less => order < 0,
        Comparison.LessOrEqual => order <= 0,
        Comparison.Greater => order > 0,
        Comparison.GreaterOrEqual => order >= 0,
        _ => false,
    };
}
