using System.Security.Cryptography;
using Sophia.Snowflake.Local;

namespace Sophia.SnowflakeEmulator.Sessions;

/// <summary>
/// The sessions by their tokens. A token that has expired is remembered as such until its master token ends, so that the driver is told to renew;
/// a session whose master token has ended is closed with the next log-in.
/// </summary>
internal sealed class SessionStore(LocalSnowflake engine, EmulatorOptions options, TimeProvider time) : IDisposable
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, EmulatorSession> _byToken = [];
    private readonly Dictionary<string, EmulatorSession> _byMaster = [];
    private long _last;

    /// <returns>The new session, or null where there are as many as may be.</returns>
    public EmulatorSession? Open(string user, string? schema, string? warehouse, string? role)
    {
        lock (_lock)
        {
            foreach (var over in _byMaster.Values.Where(s => s.MasterExpiresAt <= time.GetUtcNow()).ToArray()) Remove(over);
            if (_byMaster.Count >= options.MaxSessions) return null;
            var session = new EmulatorSession(++_last, user, engine.OpenSession(schema, warehouse, role), options.KeptResults);
            Issue(session);
            return session;
        }
    }

    /// <returns>The session, or the code that tells the driver to renew (390112) or to log in again (390111).</returns>
    public (EmulatorSession? Session, string? Code) Find(string? token)
    {
        lock (_lock)
        {
            if (token is null || !_byToken.TryGetValue(token, out var session)) return (null, "390111");
            return token != session.Token || session.ExpiresAt <= time.GetUtcNow() ? (null, "390112") : (session, null);
        }
    }

    /// <summary>Gives a session new tokens, by its master token.</summary>
    public (EmulatorSession? Session, string? Code) Renew(string? master)
    {
        lock (_lock)
        {
            if (master is null || !_byMaster.TryGetValue(master, out var session)) return (null, "390113");
            if (session.MasterExpiresAt <= time.GetUtcNow()) return (null, "390114");
            _byMaster.Remove(master);
            foreach (var old in _byToken.Where(p => p.Value == session && p.Key != session.Token).Select(static p => p.Key).ToArray()) _byToken.Remove(old);
            Issue(session);
            return (session, null);
        }
    }

    /// <summary>Statements at work, of all sessions.</summary>
    public int Running
    {
        get { lock (_lock) return _byMaster.Values.Sum(static s => s.Queries.Running); }
    }

    public void Close(EmulatorSession session)
    {
        lock (_lock) Remove(session);
    }

    private void Issue(EmulatorSession session)
    {
        (session.Token, session.MasterToken) = (Secret(), Secret());
        (session.ExpiresAt, session.MasterExpiresAt) = (time.GetUtcNow() + options.SessionLifetime, time.GetUtcNow() + options.MasterLifetime);
        _byToken[session.Token] = session;
        _byMaster[session.MasterToken] = session;
    }

    private void Remove(EmulatorSession session)
    {
        _byMaster.Remove(session.MasterToken);
        foreach (var token in _byToken.Where(p => p.Value == session).Select(static p => p.Key).ToArray()) _byToken.Remove(token);
        session.Dispose();
    }

    private static string Secret() => "ver:1-" + Convert.ToBase64String(RandomNumberGenerator.GetBytes(48));

    public void Dispose()
    {
        lock (_lock)
        {
            foreach (var session in _byMaster.Values.ToArray()) Remove(session);
        }
    }
}
