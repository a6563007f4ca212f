using System.Security.Cryptography;
using System.Text;
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

    private static string? Problem(string name, ChatModelOptions options)
    {
        var at = $"Sophia:ChatModels:{name}";
        if (options.Kind != ChatModelKind.OpenAI)
        {
            return $"{at}:Kind is not set. Set it to OpenAI (an endpoint with /v1/chat/completions).";
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
