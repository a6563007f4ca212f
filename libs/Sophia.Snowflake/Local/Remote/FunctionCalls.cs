namespace Sophia.Snowflake.Local.Remote;

/// <summary>
/// Writes calls of external functions for the engine: one function there takes the definition, whose session asks, and the arguments as a
/// JSON array, which is what goes over the wire, and gives the value as JSON. Which overload is meant shows by the kinds of the arguments;
/// where a statement does not show them, the engine sees the values' types and chooses.
/// </summary>
internal static class FunctionCalls
{
    /// <summary>The engine's variable that names the session: it stands in views too, which other sessions use.</summary>
    public const string Session = "getvariable('sf_session')";

    /// <param name="definition">The engine's expression of a function's definition.</param>
    /// <exception cref="SnowflakeException">No overload takes these arguments.</exception>
    public static Piece Write(IReadOnlyList<ExternalFunction> overloads, List<Piece> arguments, Func<ExternalFunction, string> definition)
    {
        var name = overloads[0].Name;
        var fitting = overloads.Where(f => f.Types.Count == arguments.Count && Enumerable.Range(0, arguments.Count).All(i => Fits(arguments[i], TypeOf(f, i)))).ToArray();
        // A text where a text is wanted, before whatever it could be cast to.
        var exact = fitting.Where(f => Enumerable.Range(0, arguments.Count).All(i => arguments[i].Kind == TypeOf(f, i).Kind || arguments[i].Kind == SqlKind.Unknown)).ToArray();
        var meant = exact.Length > 0 ? exact : fitting;
        if (meant.Length == 0)
            throw new SnowflakeException("001044", "42P13", $"SQL compilation error:\nInvalid argument types for function '{name}': ({string.Join(", ", arguments.Select(static a => a.Kind.ToString().ToUpperInvariant()))})");
        if (meant.Length == 1) return Call(definition(meant[0]), meant[0], [.. arguments.Select((a, i) => Argument(a, TypeOf(meant[0], i)))]);
        if (meant.Any(f => f.Returns != meant[0].Returns)) throw SnowflakeException.Unsupported($"a call of {name} whose overload the statement does not show; cast the arguments");
        return Call(ByTypes(meant, arguments, definition), meant[0], arguments.ConvertAll(static a => a.Sql));
    }

    private static SqlType TypeOf(ExternalFunction function, int parameter) => ExternalFunction.TypeOf(function.Types[parameter]);

    private static bool Fits(Piece argument, SqlType type) =>
        argument.Kind == SqlKind.Unknown || argument.Kind == type.Kind || argument.Sql == "NULL" || argument.Kind == SqlKind.Variant
        || (type.Kind == SqlKind.Text && argument.Kind is SqlKind.Number or SqlKind.Boolean or SqlKind.Moment)
        || (type.Kind is SqlKind.Number or SqlKind.Boolean or SqlKind.Moment && argument.Kind == SqlKind.Text)
        || (type.Name == "VARIANT" && argument.Kind != SqlKind.Vector);

    private static string Argument(Piece argument, SqlType type) => type.Kind switch
    {
        SqlKind.Text or SqlKind.Moment => ExpressionReader.AsText(argument),
        // What is not known may be a column of JSON already.
        SqlKind.Variant => argument.Sql,
        _ when type.Engine == "BLOB" => $"hex(sf_binary({argument}))",
        _ => $"CAST({argument} AS {type.Engine})",
    };

    private static string ByTypes(ExternalFunction[] meant, List<Piece> arguments, Func<ExternalFunction, string> definition)
    {
        var cases = meant[..^1].Select(f =>
            $"WHEN {string.Join(" AND ", arguments.Select((a, i) => $"typeof({a}) IN ({EngineTypes(TypeOf(f, i).Kind)})"))} THEN {definition(f)}");
        return $"CASE {string.Join(' ', cases)} ELSE {definition(meant[^1])} END";
    }

    private static string EngineTypes(SqlKind kind) => kind switch
    {
        SqlKind.Text => "'VARCHAR'",
        SqlKind.Variant => "'JSON'",
        SqlKind.Boolean => "'BOOLEAN'",
        SqlKind.Moment => "'DATE', 'TIME', 'TIMESTAMP', 'TIMESTAMP WITH TIME ZONE'",
        _ => "'TINYINT', 'SMALLINT', 'INTEGER', 'BIGINT', 'HUGEINT', 'DECIMAL', 'FLOAT', 'DOUBLE'",
    };

    private static Piece Call(string definition, ExternalFunction function, IReadOnlyList<string> arguments)
    {
        var answer = $"sf_external({definition}, {Session}, CAST(json_array({string.Join(", ", arguments)}) AS VARCHAR))";
        var returns = ExternalFunction.TypeOf(function.Returns);
        return returns.Kind switch
        {
            SqlKind.Variant => new($"CAST({answer} AS JSON)", SqlKind.Variant),
            SqlKind.Text => new(answer, SqlKind.Text),
            _ when returns.Engine == "BLOB" => new($"unhex({answer})", returns.Kind),
            _ => new($"CAST({answer} AS {returns.Engine})", returns.Kind),
        };
    }
}
