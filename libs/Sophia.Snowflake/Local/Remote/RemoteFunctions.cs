using System.Collections.Concurrent;
using DuckDB.NET.Data;
using DuckDB.NET.Data.DataChunk.Reader;
using DuckDB.NET.Data.DataChunk.Writer;

namespace Sophia.Snowflake.Local.Remote;

/// <summary>
/// The engine's side of calls: functions of its own that get up to 2,048 rows at once, on a thread of the engine, which waits
/// for the answer. They are volatile, so that the engine calls them for each row and not while it plans.
/// </summary>
internal sealed class RemoteFunctions(LocalServices services) : IDisposable
{
    private readonly FunctionCaller _caller = new(services);
    private readonly CortexCalls _cortex = new(services);
    private readonly ConcurrentDictionary<string, Func<StatementCalls>> _sessions = new();

    /// <summary>Sessions say under their key which statement is running.</summary>
    public void Register(string session, Func<StatementCalls> current) => _sessions[session] = current;

    public void Unregister(string session) => _sessions.TryRemove(session, out _);

    public void Install(DuckDBConnection engine)
    {
#pragma warning disable DuckDBNET001 // The driver's functions in C# are marked experimental: the version is pinned, and the corpus sees a change.
        var options = new ScalarFunctionOptions { IsPureFunction = false };
        engine.RegisterScalarFunction<string, string, string, string>("sf_external", External, options);
        engine.RegisterScalarFunction<string, string, int, List<float>>("sf_embed", Embed, options);
        foreach (var function in CortexFunctions.Completions)
            engine.RegisterScalarFunction<string, string, string, string, string>(CortexFunctions.EngineName(function), (rows, answers, count) => Complete(function, rows, answers, count), options);
#pragma warning restore DuckDBNET001
    }

    private StatementCalls Of(string session) => _sessions.TryGetValue(session, out var current) ? current() : throw new InvalidOperationException("The session of this call has ended.");

    private void External(IReadOnlyList<IDuckDBDataReader> rows, IDuckDBDataWriter answers, ulong count) => Guard(() =>
    {
        // Rows of one definition after another go together; there is more than one only where overloads are chosen row by row.
        for (ulong from = 0; from < count;)
        {
            var definition = rows[0].GetValue<string>(from);
            if (definition is not ['{', ..]) throw Functions.Unknown(definition);
            List<string> arguments = [];
            var end = from;
            for (; end < count && rows[0].GetValue<string>(end) == definition; end++) arguments.Add(rows[2].GetValue<string>(end));
            var calls = Of(rows[1].GetValue<string>(from));
            var values = calls.Once(definition, arguments, () => _caller.Call(ExternalFunction.FromJson(definition), arguments, calls));
            for (var i = 0; i < values.Count; i++)
            {
                if (values[i] is { } value) answers.WriteValue(value, from + (ulong)i);
                else answers.WriteNull(from + (ulong)i);
            }

            from = end;
        }
    });

    private void Embed(IReadOnlyList<IDuckDBDataReader> rows, IDuckDBDataWriter answers, ulong count) => Guard(() =>
    {
        var texts = new string?[count];
        for (ulong i = 0; i < count; i++) texts[i] = rows[1].IsValid(i) ? rows[1].GetValue<string>(i) : null;
        var vectors = _cortex.Embed(texts, rows[2].GetValue<int>(0), Of(rows[0].GetValue<string>(0)).Stop);
        for (ulong i = 0; i < count; i++)
        {
            if (vectors[i] is { } vector) answers.WriteValue(vector, i);
            else answers.WriteNull(i);
        }
    });

    private void Complete(string function, IReadOnlyList<IDuckDBDataReader> rows, IDuckDBDataWriter answers, ulong count) => Guard(() =>
    {
        var calls = Of(rows[0].GetValue<string>(0));
        List<ulong> places = [];
        List<Completion> asked = [];
        for (ulong i = 0; i < count; i++)
        {
            if (!rows[1].IsValid(i) || !rows[2].IsValid(i) || !rows[3].IsValid(i)) { answers.WriteNull(i); continue; }
            places.Add(i);
            asked.Add(new(rows[1].GetValue<string>(i), rows[2].GetValue<string>(i), rows[3].GetValue<string>(i)));
        }

        var texts = calls.Once(function, asked.ConvertAll(static a => a.Key), () => _cortex.Complete(function, asked, calls.Stop));
        for (var i = 0; i < places.Count; i++)
        {
            if (texts[i] is { } text) answers.WriteValue(text, places[i]);
            else answers.WriteNull(places[i]);
        }
    });

    // An exception reaches the statement as the text of an error of the engine's; Snowflake's number travels before it.
    private static void Guard(Action call)
    {
        try
        {
            call();
        }
        catch (SnowflakeException error)
        {
            throw new InvalidOperationException($"{AccountObjects.Raised}{error.Code}{error.SqlState}{error.Message}", error);
        }
    }

    public void Dispose() => _caller.Dispose();
}
