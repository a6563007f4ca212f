using System.CommandLine;
using System.Text.Json.Nodes;
using Sophia.Cli.Terminal;
using Sophia.Snowflake.Migrations;

namespace Sophia.Cli.Snowflake;

/// <summary><c>sophia snowflake plan</c>, <c>apply</c> and <c>status</c>: the schema that Sophia needs in Snowflake.</summary>
internal static class SchemaCommands
{
    public static IEnumerable<Command> Create(Surroundings surroundings)
    {
        yield return Plan(surroundings);
        yield return Apply(surroundings);
        yield return Status(surroundings);
    }

    private static Command Plan(Surroundings surroundings)
    {
        var sql = new Option<bool>("--sql") { Description = "Print the statements of all migrations, and ask nobody what is there." };
        var command = new Command("plan", "Show which migrations are missing, with their statements; nothing is changed.") { Database.Connection, Database.File, sql };
        command.SetAction(async (parse, cancellationToken) =>
        {
            var pending = parse.GetValue(sql)
                ? Migration.All
                : Sound(await Database.UseAsync(parse, surroundings, source => new Migrator(source).StatusAsync(cancellationToken))).Pending;
            var output = parse.InvocationConfiguration.Output;
            if (parse.GetValue(Service.Json))
            {
                await output.WriteLineAsync(CliJson.Text(new JsonObject { ["pending"] = Json(pending, withSql: true) }));
                return ExitCodes.Ok;
            }

            foreach (var migration in pending)
            {
                await output.WriteLineAsync($"-- {migration.Number:0000} {migration.Name}\n{migration.Sql.TrimEnd()}\n");
            }

            if (pending.Count == 0)
            {
                await output.WriteLineAsync("Nothing is missing.");
            }

            return ExitCodes.Ok;
        });
        return command;
    }

    private static Command Apply(Surroundings surroundings)
    {
        var command = new Command("apply", "Apply the migrations that are missing, in order.") { Database.Connection, Database.File };
        command.SetAction(async (parse, cancellationToken) =>
        {
            var (output, asJson) = (parse.InvocationConfiguration.Output, parse.GetValue(Service.Json));
            try
            {
                var applied = await Database.UseAsync(parse, surroundings, source => new Migrator(source).ApplyAsync(
                    asJson ? null : migration => output.WriteLine($"applied {migration.Number:0000} {migration.Name}"), cancellationToken));
                await output.WriteLineAsync(asJson ? CliJson.Text(new JsonObject { ["applied"] = Json(applied, withSql: false) }) : applied.Count == 0 ? "Nothing was missing." : $"{applied.Count} applied.");
                return ExitCodes.Ok;
            }
            catch (SchemaDriftException e)
            {
                throw Drifted(e.Message);
            }
        });
        return command;
    }

    private static Command Status(Surroundings surroundings)
    {
        var command = new Command("status", "Show which migrations were applied and what differs from them; exit code 3 where something does.") { Database.Connection, Database.File };
        command.SetAction(async (parse, cancellationToken) =>
        {
            var status = await Database.UseAsync(parse, surroundings, source => new Migrator(source).StatusAsync(cancellationToken));
            var output = parse.InvocationConfiguration.Output;
            if (parse.GetValue(Service.Json))
            {
                await output.WriteLineAsync(CliJson.Text(new JsonObject
                {
                    ["applied"] = new JsonArray([.. status.Applied.Select(static m => new JsonObject { ["number"] = m.Number, ["name"] = m.Name, ["checksum"] = m.Checksum, ["appliedAt"] = m.AppliedAt })]),
                    ["pending"] = Json(status.Pending, withSql: false),
                    ["drift"] = new JsonArray([.. status.Drift.Select(static text => (JsonNode)text)]),
                }));
            }
            else
            {
                foreach (var m in status.Applied)
                {
                    await output.WriteLineAsync($"applied  {m.Number:0000} {m.Name,-12} {m.AppliedAt:yyyy-MM-dd HH:mm:ss}");
                }

                foreach (var m in status.Pending)
                {
                    await output.WriteLineAsync($"missing  {m.Number:0000} {m.Name}");
                }

                foreach (var text in status.Drift)
                {
                    await output.WriteLineAsync($"drift    {text}");
                }
            }

            return status.Drift.Count == 0 ? ExitCodes.Ok : ExitCodes.Refused;
        });
        return command;
    }

    private static SchemaStatus Sound(SchemaStatus status) => status.Drift is [var first, ..] ? throw Drifted(first) : status;

    private static UsageException Drifted(string message) => new(message, "sophia snowflake status shows all that differs.");

    private static JsonArray Json(IEnumerable<Migration> migrations, bool withSql) => new([.. migrations.Select(m =>
    {
        var json = new JsonObject { ["number"] = m.Number, ["name"] = m.Name, ["checksum"] = m.Checksum };
        if (withSql) json["sql"] = m.Sql;
        return json;
    })]);
}
