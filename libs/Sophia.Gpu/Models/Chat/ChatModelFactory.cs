using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.AI;
using Sophia.Memory.Cortex;

namespace Sophia.Gpu.Models.Chat;

/// <summary>Makes the chat models of the configuration, and refuses what cannot be with the message that fixes it.</summary>
public static class ChatModelFactory
{
    /// <exception cref="ArgumentException">A setting is missing or cannot be; the message names it.</exception>
    public static ChatModel Create(string name, ChatModelOptions options, TimeProvider clock)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (Problem(name, options) is { } problem)
        {
            throw new ArgumentException(problem);
        }

        // The address is no part of it: the same model behind another gateway gives the same answers.
        var identity = $"{name}#{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"openai-chat|{options.Model}"))[..6])}";
        return new ChatModel(
            name, identity, "openai", new Uri(options.Endpoint!).Authority, options.Local, new ModelPrice(options.InputDollars, options.OutputDollars, 0),
            options.TimeToLive, new ResilientChatClient(name, new OpenAiChat(options, clock), options, clock));
    }

    /// <summary>A model of Cortex.</summary>
    /// <param name="open">Makes what asks it; called once, when the settings are found to be right.</param>
    /// <exception cref="ArgumentException">A setting is missing or cannot be; the message names it.</exception>
    public static ChatModel CreateCortex(string name, ChatModelOptions options, Func<IChatClient> open, TimeProvider clock)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(open);
        var at = $"Sophia:ChatModels:{name}";
        var problem = ModelRules.NameProblem(at, name)
            ?? (string.IsNullOrWhiteSpace(options.Model) ? $"{at}:Model is not set. Name a model of Cortex, such as llama3.1-70b." : null)
            ?? (options.Endpoint is not null || options.ApiKey is not null || options.ApiKeyFile is not null || options.Local || options.InputDollars is not null || options.OutputDollars is not null
                ? $"{at} is of Kind=Cortex, which takes no Endpoint, ApiKey, ApiKeyFile, Local, InputDollars and OutputDollars: it is asked through ConnectionStrings:snowflake and paid in Credits." : null)
            ?? ModelRules.CreditsProblem(at, options.Credits, options.CreditDollars)
            ?? (options.TimeToLive < TimeSpan.Zero || options.TimeToLive > TimeSpan.FromDays(3660) ? $"{at}:TimeToLive is {options.TimeToLive}. Set it between 00:00:00 and ten years." : null);
        if (problem is not null)
        {
            throw new ArgumentException(problem);
        }

        var identity = $"{name}#{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"cortex-chat|{options.Model}"))[..6])}";
        var dollars = options.Credits * options.CreditDollars;
        return new ChatModel(name, identity, "cortex", "Snowflake", IsLocal: false, new ModelPrice(dollars, dollars, options.Credits), options.TimeToLive, new RepeatingChatClient(name, open(), options, clock));
    }

    private static string? Problem(string name, ChatModelOptions options)
    {
        var at = $"Sophia:ChatModels:{name}";
        if (options.Kind != ChatModelKind.OpenAI)
        {
            return $"{at}:Kind is not set. Set it to OpenAI (an endpoint with /v1/chat/completions) or Cortex (through ConnectionStrings:snowflake).";
        }

        if (options.TimeToLive < TimeSpan.Zero || options.TimeToLive > TimeSpan.FromDays(3660))
        {
            return $"{at}:TimeToLive is {options.TimeToLive}. Set it between 00:00:00 and ten years.";
        }

        if (options.InputDollars is not (null or (>= 0 and <= 1e6)) || options.OutputDollars is not (null or (>= 0 and <= 1e6)))
        {
            return $"{at}: InputDollars and OutputDollars are dollars per million tokens, from 0 to 1,000,000.";
        }

        return options.InputDollars is null != options.OutputDollars is null
            ? $"{at} has one of InputDollars and OutputDollars. Set both, or leave both out."
            : ModelRules.Problem(name, options.Calls)?.Replace("Sophia:Models:", "Sophia:ChatModels:", StringComparison.Ordinal);
    }
}
