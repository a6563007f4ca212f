using Sophia.Snowflake.Local;
using Sophia.SnowflakeEmulator.Queries;

namespace Sophia.SnowflakeEmulator.Sessions;

/// <summary>A driver's session: its tokens, its engine session, its statements.</summary>
internal sealed class EmulatorSession(long id, string user, LocalSession engine, int keptResults) : IDisposable
{
    public long Id { get; } = id;
    public string User { get; } = user;
    public LocalSession Engine { get; } = engine;
    public QueryLog Queries { get; } = new(keptResults);
    public string Token { get; set; } = "";
    public string MasterToken { get; set; } = "";
    public DateTimeOffset ExpiresAt { get; set; }
    public DateTimeOffset MasterExpiresAt { get; set; }

    /// <summary>Stops the session's statements. The engine's session ends when they have: taken from under them, they would fail with faults of this program's.</summary>
    public void Dispose() => Queries.EndAsync().ContinueWith(static (_, engine) => ((LocalSession)engine!).Dispose(), Engine, TaskScheduler.Default);
}
