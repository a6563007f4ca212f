namespace Sophia.Cli;

/// <summary>The command line parsed, but what it asks for cannot be done.</summary>
internal sealed class UsageException(string message, string suggestion) : Exception(message)
{
    public string Suggestion { get; } = suggestion;
}
