using Sophia.Memory.Search;

namespace Sophia.Gpu.Shards;

/// <summary>The condition on one row, cell by cell.</summary>
internal sealed partial class RowCondition
{
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

    private void AddRow(int row, ulong bit, ref ulong typed, ref ulong holding, CancellationToken cancellationToken)
    {
        // One row may have tens of thousands of elements.
        cancellationToken.ThrowIfCancellationRequested();
        var cells = AttributeColumn.CellsOf(_rows[row].Attributes, _name);
        foreach (ref readonly var cell in cells)
        {
            if (HasTypeOfValue(cell.Kind))
            {
                typed |= bit;
                break;
            }
        }

        if (Holds(cells))
        {
            holding |= bit;
        }
    }

    private bool HasTypeOfValue(CellKind kind) => kind switch
    {
        CellKind.Text => _hasTexts,
        CellKind.Number => _hasNumbers,
        CellKind.True or CellKind.False => _hasTrue || _hasFalse,
        _ => false,
    };

    private bool HoldsForAnyValue(in AttributeCell cell)
    {
        if (_comparison == Comparison.In)
        {
            return cell.Kind switch
            {
                CellKind.Text => (_someTexts ??= [.. _texts]).Contains(cell.Text),
                CellKind.Number => (_someNumbers ??= [.. _values.Select(static value => value.Number).OfType<double>()]).Contains(cell.Number),
                CellKind.True => _hasTrue,
                CellKind.False => _hasFalse,
                _ => false,
            };
        }

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
        Comparison.Equal => text == valueId,
        Comparison.NotEqual => text != valueId,
        _ => HoldsForOrder(string.CompareOrdinal(_rows.Texts.TextOf(text), value)),
    };

    private bool HoldsForTruth(bool truth, bool value) => _comparison switch
    {
        Comparison.Equal => truth == value,
        Comparison.NotEqual => truth != value,
        _ => false,
    };

    private bool HoldsForOrder(int order) => _comparison switch
    {
        Comparison.Equal => order == 0,
        Comparison.NotEqual => order != 0,
        Comparison.Less => order < 0,
        Comparison.LessOrEqual => order <= 0,
        Comparison.Greater => order > 0,
        Comparison.GreaterOrEqual => order >= 0,
        _ => false,
    };
}
