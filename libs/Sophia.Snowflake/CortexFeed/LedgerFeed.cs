using System.Globalization;
using Sophia.Memory.Cortex;
using Sophia.Memory.Stores;
using Sophia.Snowflake.Flushing;
using Sophia.Snowflake.Migrations;

namespace Sophia.Snowflake.CortexFeed;

/// <summary>The ledger of model calls for MODEL_LEDGER: the sums of each tenant's days in which this process counted something, as the store has them then.</summary>
public sealed class LedgerFeed : IFlushSource, IDisposable
{
    private static readonly RowMerge Merge = new(
        $"{Migration.Schema}.MODEL_LEDGER", [new("tenant"), new("day", "?::DATE"), new("model"), new("operation"), new("outcome")],
        [
            new("calls", "?::NUMBER(19,0)"), new("input_tokens", "?::NUMBER(19,0)"), new("output_tokens", "?::NUMBER(19,0)"), new("dollars", "?::NUMBER(28,9)"),
            new("ai_credits", "?::NUMBER(28,9)"), new("latency_ms", "?::FLOAT"), new("updated_at", "?::TIMESTAMP_NTZ"),
        ],
        // Of two processes one may have read the sums before the other and write them after it: it read fewer calls, by an earlier clock. A clock
        // may be behind, and a restored log has fewer calls.
        onlyIf: "(s.updated_at >= t.updated_at OR s.calls >= t.calls)");

    private readonly ModelLedger _ledger;
    private readonly TimeProvider _clock;
    private readonly Lock _lock = new();
    private readonly HashSet<(string Tenant, int Day)> _changed = [];

    public LedgerFeed(ModelLedger ledger, TimeProvider clock)
    {
        (_ledger, _clock) = (ledger, clock);
        ledger.Written += Note;
    }

    public string Name => "ledger";

    public long Waiting
    {
        get
        {
            lock (_lock)
            {
                return _changed.Count;
            }
        }
    }

    public async Task<long> FlushAsync(FlushSession session, CancellationToken cancellationToken)
    {
        (string Tenant, int Day)[] changed;
        lock (_lock)
        {
            changed = [.. _changed];
            _changed.Clear();
        }

        try
        {
            // Before the sums are read: by it the older of two readings is known. Sums themselves may go back, where the store was restored.
            var (rows, now) = (new List<object?[]>(), _clock.GetUtcNow());
            foreach (var (tenant, day) in changed)
            {
                foreach (var row in await _ledger.ReadAsync(tenant, day, day, cancellationToken).ConfigureAwait(false))
                {
                    rows.Add(
                    [
                        tenant, DateOnly.FromDateTime(DateTime.UnixEpoch.AddDays(day)).ToString("yyyy-MM-dd", CultureInfo.InvariantCulture), row.Model, row.Operation,
                        ((CallOutcome)row.Outcome).ToString().ToLowerInvariant(), row.Calls, row.InputTokens, row.OutputTokens, row.NanoDollars / 1_000_000_000m,
                        row.NanoCredits / 1_000_000_000m, row.LatencyUs / 1000.0, now,
                    ]);
                }
            }

            return await Merge.WriteAsync(session, rows, cancellationToken).ConfigureAwait(false);
        }
        catch
        {
            // They wait for the next flush.
            lock (_lock)
            {
                _changed.UnionWith(changed);
            }

            throw;
        }
    }

    public void Dispose() => _ledger.Written -= Note;

    private void Note(IReadOnlyList<LedgerRow> rows)
    {
        lock (_lock)
        {
            foreach (var row in rows)
            {
                _changed.Add((row.Tenant, row.Day));
            }
        }
    }
}
