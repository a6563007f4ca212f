using System.Buffers.Text;
using System.Security.Cryptography;

namespace Sophia.SnowflakeEmulator.Queries;

/// <summary>
/// Where chunks are read: an address that nobody can guess and that ends after a while, as Snowflake's signed addresses of a cloud's store.
/// Drivers send no session's token there, so whoever has the address may read.
/// </summary>
internal sealed class ChunkAddresses : IDisposable
{
    private readonly EmulatorOptions _options;
    private readonly TimeProvider _time;
    private readonly Lock _lock = new();
    private readonly Dictionary<string, (QueryResult Result, DateTimeOffset Until)> _byKey = [];
    private readonly Dictionary<QueryResult, string> _latest = [];
    private readonly ITimer _sweep;

    public ChunkAddresses(EmulatorOptions options, TimeProvider time)
    {
        (_options, _time) = (options, time);
        _sweep = time.CreateTimer(static me => ((ChunkAddresses)me!).Sweep(), this, options.ChunkLifetime, options.ChunkLifetime / 4);
    }

    /// <returns>The key of a result's chunks, good for at least half of the lifetime; null where the result is gone.</returns>
    public string? Of(QueryResult result)
    {
        var now = _time.GetUtcNow();
        lock (_lock)
        {
            if (_latest.TryGetValue(result, out var known) && _byKey[known].Until > now + (_options.ChunkLifetime / 2)) return known;
            if (!result.TryHold()) return null;
            var key = Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32));
            _byKey[key] = (result, now + _options.ChunkLifetime);
            _latest[result] = key;
            return key;
        }
    }

    /// <returns>The chunk's bytes; null for an address that is unknown, or over.</returns>
    public Stream? Open(string key, int chunk)
    {
        lock (_lock) return _byKey.TryGetValue(key, out var found) && found.Until > _time.GetUtcNow() ? found.Result.Open(chunk) : null;
    }

    private void Sweep()
    {
        var now = _time.GetUtcNow();
        lock (_lock)
        {
            foreach (var (key, (result, _)) in _byKey.Where(p => p.Value.Until <= now).ToArray())
            {
                _byKey.Remove(key);
                if (_latest[result] == key) _latest.Remove(result);
                result.Release();
            }
        }
    }

    public void Dispose()
    {
        _sweep.Dispose();
        lock (_lock)
        {
            foreach (var (result, _) in _byKey.Values) result.Release();
            _byKey.Clear();
            _latest.Clear();
        }
    }
}
