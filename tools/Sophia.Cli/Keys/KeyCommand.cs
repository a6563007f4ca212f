using System.CommandLine;
using System.Text.Json.Nodes;
using Sophia.Cli.Terminal;

namespace Sophia.Cli.Keys;

/// <summary><c>sophia key new</c>: makes an API key on this machine; the service is not asked.</summary>
internal static class KeyCommand
{
    public static Command Create(Surroundings surroundings)
    {
        var index = new Option<int>("--index") { Description = "Its place in the service's list of keys.", DefaultValueFactory = static _ => 0 };
        var make = new Command("new", "Make an API key: the key for the caller, its hash for the service's configuration.") { index };
        make.SetAction(async (parse, cancellationToken) =>
        {
            var key = ApiKey.New();
            var name = $"Sophia__ApiKeys__{parse.GetValue(index)}__Hash";
            var output = parse.InvocationConfiguration.Output;
            if (parse.GetValue(Service.Json))
            {
                await output.WriteLineAsync(CliJson.Text(new JsonObject { ["key"] = key.Secret, ["hash"] = key.Hash, ["setting"] = $"{name}={key.Hash}" }));
                return ExitCodes.Ok;
            }
            await output.WriteLineAsync(key.Secret);
            await output.WriteLineAsync($"{name}={key.Hash}");
            await surroundings.Error.WriteLineAsync("The first line is for the caller and is shown only now; the second is for the service's environment.");
            return ExitCodes.Ok;
        });
        return new Command("key", "API keys.") { make };
    }
}
