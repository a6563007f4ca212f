namespace Sophia.Api.Composition;

/// <summary>The configuration cannot be used; the message says which setting and how to fix it.</summary>
internal sealed class ConfigurationException(string message) : Exception(message);
