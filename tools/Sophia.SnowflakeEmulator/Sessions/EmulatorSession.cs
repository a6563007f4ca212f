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

    public void Dispose()
    {
        Queries.Dispose();
        Engine.Dispose();
    }
}
