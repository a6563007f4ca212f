using System.Collections;
using System.Data;
using System.Data.Common;
using System.Diagnostics.CodeAnalysis;

namespace Sophia.Snowflake.Connecting;

/// <summary>A value, or an array of values: one for each row.</summary>
internal sealed class LocalParameter : DbParameter
{
    public override DbType DbType { get; set; } = DbType.String;

    public override ParameterDirection Direction
    {
        get => ParameterDirection.Input;
        set => _ = value == ParameterDirection.Input ? value : throw new NotSupportedException($"Snowflake's parameters go in, not {value}.");
    }

    public override bool IsNullable { get; set; } = true;

    [AllowNull]
    public override string ParameterName { get; set => field = value ?? ""; } = "";

    public override int Size { get; set; }

    [AllowNull]
    public override string SourceColumn { get; set => field = value ?? ""; } = "";

    public override bool SourceColumnNullMapping { get; set; }

    public override object? Value { get; set; }

    public override void ResetDbType() => DbType = DbType.String;
}

/// <summary>Parameters in the order of the marks.</summary>
internal sealed class LocalParameters : DbParameterCollection
{
    private readonly List<LocalParameter> _list = [];

    public override int Count => _list.Count;

    public override object SyncRoot => ((ICollection)_list).SyncRoot;

    /// <summary>The values to bind, a set for each row.</summary>
    /// <exception cref="ArgumentException">Arrays of different lengths, or some arrays and some not.</exception>
    public IReadOnlyList<object?[]> Rows()
    {
        if (_list.Count == 0)
        {
            return [];
        }

        var columns = _list.ConvertAll(static parameter => parameter.Value is Array array and not byte[] ? array : null);
        if (columns.TrueForAll(static column => column is null))
        {
            return [[.. _list.Select(static parameter => parameter.Value is DBNull ? null : parameter.Value)]];
        }

        var rows = columns.Max(static column => column?.Length ?? -1);
        if (!columns.TrueForAll(column => column?.Length == rows))
        {
            throw new ArgumentException("Where one parameter is an array, all are, and of one length.");
        }

        var sets = new object?[rows][];
        for (var row = 0; row < rows; row++)
        {
            sets[row] = new object?[columns.Count];
        }

        for (var i = 0; i < columns.Count; i++)
        {
            // An array of texts is one of objects too, and is read without boxing.
            var objects = columns[i] as object?[];
            for (var row = 0; row < rows; row++)
            {
                var value = objects is null ? columns[i]!.GetValue(row) : objects[row];
                sets[row][i] = value is DBNull ? null : value;
            }
        }

        return sets;
    }

    public override int Add(object value)
    {
        _list.Add((LocalParameter)value);
        return _list.Count - 1;
    }

    public override void AddRange(Array values)
    {
        foreach (var value in values)
        {
            Add(value);
        }
    }

    public override void Clear() => _list.Clear();

    public override bool Contains(object value) => _list.Contains((LocalParameter)value);

    public override bool Contains(string value) => IndexOf(value) >= 0;

    public override void CopyTo(Array array, int index) => ((ICollection)_list).CopyTo(array, index);

    public override IEnumerator GetEnumerator() => _list.GetEnumerator();

    public override int IndexOf(object value) => _list.IndexOf((LocalParameter)value);

    public override int IndexOf(string parameterName) => _list.FindIndex(parameter => parameter.ParameterName == parameterName);

    public override void Insert(int index, object value) => _list.Insert(index, (LocalParameter)value);

    public override void Remove(object value) => _list.Remove((LocalParameter)value);

    public override void RemoveAt(int index) => _list.RemoveAt(index);

    public override void RemoveAt(string parameterName) => _list.RemoveAt(IndexOf(parameterName));

    protected override DbParameter GetParameter(int index) => _list[index];

    protected override DbParameter GetParameter(string parameterName) => _list[IndexOf(parameterName)];

    protected override void SetParameter(int index, DbParameter value) => _list[index] = (LocalParameter)value;

    protected override void SetParameter(string parameterName, DbParameter value) => _list[IndexOf(parameterName)] = (LocalParameter)value;
}
