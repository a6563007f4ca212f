using System.Globalization;
using StackExchange.Redis;

namespace Sophia.Stores.Redis;

/// <summary>
/// The epoch that is part of every key. It is read in the same round trip as what it guards, so that no node serves or
/// changes an old epoch, however late it hears of the new one. Epochs only grow: a new one is at least the time in
/// milliseconds, so that losing the key (eviction, flush) cannot bring an old epoch back.
/// </summary>
internal sealed class RedisEpoch(TimeProvider clock)
{
    private const string Ensure =
        "local e = redis.call('GET', KEYS[1]) if e then return e end redis.call('SET', KEYS[1], ARGV[1]) return ARGV[1]";

    private const string Start =
        "local e = tonumber(redis.call('GET', KEYS[1]) or '0') " +
        "local n = string.format('%.0f', math.max(e + 1, tonumber(ARGV[1]))) redis.call('SET', KEYS[1], n) return n";

    private static readonly RedisKey Key = "sophia:epoch";

    private string? _last;

    /// <summary>The epoch as this node last saw it; null before the first.</summary>
    public string? Last => Volatile.Read(ref _last);

    /// <summary>When it began, by the clock of whoever began it; null before the first.</summary>
    public DateTimeOffset? Began => long.TryParse(Last, CultureInfo.InvariantCulture, out var ms) ? DateTimeOffset.FromUnixTimeMilliseconds(ms) : null;

    /// <summary>Likewise; asked for where it is not known.</summary>
    public async ValueTask<string> LastAsync(IDatabaseAsync db) => Last ?? await RefreshAsync(db).ConfigureAwait(false);

    /// <summary>True when the epoch still is what the caller used; otherwise the next <see cref="LastAsync"/> is the new one.</summary>
    public async ValueTask<bool> IsStillAsync(IDatabaseAsync db, string used, Task<RedisValue> read)
    {
        string? current = await read.ConfigureAwait(false);
        if (current == used)
        {
            return true;
        }

        if (current is null)
        {
            await RefreshAsync(db).ConfigureAwait(false);
        }
        else
        {
            Volatile.Write(ref _last, current);
        }

        return false;
    }

    /// <remarks>From the primary alone: a replica that lags behind would say that an old epoch still is the last.</remarks>
    public static Task<RedisValue> ReadAsync(IDatabaseAsync db) => db.StringGetAsync(Key, CommandFlags.DemandMaster);

    public Task StartAsync(IDatabaseAsync db) => EvaluateAsync(db, Start);

    private Task<string> RefreshAsync(IDatabaseAsync db) => EvaluateAsync(db, Ensure);

    private async Task<string> EvaluateAsync(IDatabaseAsync db, string script)
    {
        var now = clock.GetUtcNow().ToUnixTimeMilliseconds().ToString(CultureInfo.InvariantCulture);
        var epoch = (string)(await db.ScriptEvaluateAsync(script, [Key], [now]).ConfigureAwait(false))!;
        Volatile.Write(ref _last, epoch);
        return epoch;
    }
}
