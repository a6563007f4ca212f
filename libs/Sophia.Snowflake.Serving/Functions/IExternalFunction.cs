using System.Text.Json;
using Sophia.Snowflake.ExternalFunctions;

namespace Sophia.Snowflake.Serving.Functions;

/// <summary>A function that SQL can call.</summary>
internal interface IExternalFunction
{
    /// <summary>As in the address and, in upper case, in the database.</summary>
    string Name { get; }

    int Parameters { get; }

    /// <returns>What writes the value of the row of an index, once for each.</returns>
    /// <exception cref="BatchRefusedException">A row cannot be answered; then none is.</exception>
    Task<Action<int, Utf8JsonWriter>> AnswerAsync(RowBatch batch, Integration caller, CancellationToken cancellationToken);
}
