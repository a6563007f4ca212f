using System.CommandLine;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Sophia.Cli.Terminal;

namespace Sophia.Cli.Keys;

/// <summary><c>sophia key new</c>: makes an API key on this machine; the service is not asked.</summary>
internal static partial class KeyCommand
{
    public static Command Create(Surroundings surroundings)
    {
        var index = new Option<int>("--index") { Description = "Its place in the service's list of keys.", DefaultValueFactory = static _ => 0, HelpName = "number" };
        var scopes = new Option<string[]>("--scope") { Description = "What the key may do: read, write, admin. May be repeated.", DefaultValueFactory = static _ => ["read", "write"] };
        scopes.AcceptOnlyFromAmong("read", "write", "admin");
        var make = new Command("new", "Make an API key: the key for the caller, its hash and rights for the service's configuration.") { index, scopes };
        make.SetAction(async (parse, cancellationToken) =>
        {
            var tenant = Service.TenantOf(parse, surroundings) ?? "local";
            if (!TenantName().IsMatch(tenant))
            {
                throw new UsageException($"\"{tenant}\" is not a tenant's name; the service would not start with it.", "A name is [a-z0-9][a-z0-9._-]{0,127}.");
            }

            var key = ApiKey.New();
            var entry = $"Sophia__ApiKeys__{parse.GetValue(index)}__";
            List<string> settings = [$"{entry}Hash={key.Hash}", $"{entry}Tenant={tenant}"];
            foreach (var scope in (parse.GetValue(scopes) ?? []).Distinct()) settings.Add($"{entry}Scopes__{settings.Count - 2}={scope}");
            var output = parse.InvocationConfiguration.Output;
            if (parse.GetValue(Service.Json))
            {
                var lines = new JsonArray([.. settings.Select(static s => JsonValue.Create(s))]);
                await output.WriteLineAsync(CliJson.Text(new JsonObject { ["key"] = key.Secret, ["hash"] = key.Hash, ["settings"] = lines }));
                return ExitCodes.Ok;
            }
            await output.WriteLineAsync(key.Secret);
            foreach (var setting in settings) await output.WriteLineAsync(setting);
            await surroundings.Error.WriteLineAsync("The first line is for the caller and is shown only now; the others are for the service's environment.");
            return ExitCodes.Ok;
        });
        return new Command("key", "API keys.") { make };
    }

    [GeneratedRegex(@"\A[a-z0-9][a-z0-9._-]{0,127}\z")]
    private static partial Regex TenantName();
}
