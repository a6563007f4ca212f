using System.Data.Common;
using System.Text.RegularExpressions;
using Sophia.Snowflake.Connecting;

namespace Sophia.Snowflake.Models;

/// <summary>What an error of the account says of a model: whether another call may succeed.</summary>
internal static partial class CortexFailures
{
    public static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(10);

    public const string Suggestion = "Look at the model's name, its region, and that the role has SNOWFLAKE.CORTEX_USER.";

    /// <summary>The connection failed, or the service behind the function was overloaded or broken.</summary>
    public static bool IsPassing(DbException error) =>
        DriverErrors.StateOf(error) is null or ['0', '8', ..] || error.IsTransient || Overloaded().IsMatch(error.Message);

    [GeneratedRegex("with remote service error: (429|5[0-9][0-9])")]
    private static partial Regex Overloaded();
}
