using Sophia.Memory.Stores;

namespace Sophia.Stores.Relational;

internal abstract partial class RelationalStore
{
    // No tenant can have this name. Of each writer the last addition is marked, until it has written nothing for so long.
    private const string LedgerMarks = "$ledger";
    private static readonly TimeSpan LedgerMarkLife = TimeSpan.FromDays(30);

    public Task AddLedgerAsync(Guid writer, long number, IReadOnlyList<LedgerRow> rows, CancellationToken cancellationToken) =>
        WriteAsync((writer, number, rows, until: Clock.GetUtcNow() + LedgerMarkLife), static async (session, addition, ct) =>
        {
            var marked = await session.Command(
                "INSERT INTO idempotency (tenant, key_hash, request_hash, results, expires_at) VALUES (@tenant, @writer, @number, @number, @until) " +
                "ON CONFLICT (tenant, key_hash) DO UPDATE SET request_hash = excluded.request_hash, expires_at = excluded.expires_at " +
                "WHERE idempotency.request_hash <> excluded.request_hash")
                .With("@tenant", LedgerMarks).With("@writer", addition.writer.ToByteArray()).With("@number", BitConverter.GetBytes(addition.number))
                .With("@until", UnixTime.ToMs(addition.until))
                .ExecuteNonQueryAsync(ct).ConfigureAwait(false);
            if (marked == 0)
            {
                return 0;
            }

            foreach (var row in addition.rows)
            {
                await session.Command(
                    "INSERT INTO model_ledger (tenant, day, model, operation, outcome, calls, input_tokens, output_tokens, nano_dollars, nano_credits, latency_us) " +
                    "VALUES (@tenant, @day, @model, @operation, @outcome, @calls, @input, @output, @dollars, @credits, @latency) " +
                    "ON CONFLICT (tenant, day, model, operation, outcome) DO UPDATE SET calls = model_ledger.calls + excluded.calls, " +
                    "input_tokens = model_ledger.input_tokens + excluded.input_tokens, output_tokens = model_ledger.output_tokens + excluded.output_tokens, " +
                    "nano_dollars = model_ledger.nano_dollars + excluded.nano_dollars, nano_credits = model_ledger.nano_credits + excluded.nano_credits, " +
                    "latency_us = model_ledger.latency_us + excluded.latency_us")
                    .With("@tenant", row.Tenant).With("@day", row.Day).With("@model", row.Model).With("@operation", row.Operation)
                    .With("@outcome", (int)row.Outcome).With("@calls", row.Calls).With("@input", row.InputTokens).With("@output", row.OutputTokens)
                    .With("@dollars", row.NanoDollars).With("@credits", row.NanoCredits).With("@latency", row.LatencyUs)
                    .ExecuteNonQueryAsync(ct).ConfigureAwait(false);
            }

            return addition.rows.Count;
        }, cancellationToken);

    public async Task<IReadOnlyList<LedgerRow>> ReadLedgerAsync(string tenant, int firstDay, int lastDay, CancellationToken cancellationToken) =>
        await ReadAsync((tenant, firstDay, lastDay), static (session, q, ct) => ListAsync(
            session.Command(
                "SELECT tenant, day, model, operation, outcome, calls, input_tokens, output_tokens, nano_dollars, nano_credits, latency_us FROM model_ledger " +
                "WHERE tenant = @tenant AND day >= @first AND day <= @last ORDER BY day, model, operation, outcome")
                .With("@tenant", q.tenant).With("@first", q.firstDay).With("@last", q.lastDay),
            static row => new LedgerRow(
                row.GetString(0), row.GetInt32(1), row.GetString(2), row.GetString(3), (byte)row.GetInt32(4), row.GetInt64(5), row.GetInt64(6),
                row.GetInt64(7), row.GetInt64(8), row.GetInt64(9), row.GetInt64(10)),
            ct), cancellationToken).ConfigureAwait(false);
}
