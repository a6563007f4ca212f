namespace Sophia.Deploy.Tests.Harness;

/// <summary>Tests that start services or publish them: one after the other, since each uses the whole machine and some wait for answers.</summary>
[CollectionDefinition(Name)]
public sealed class ProcessTests
{
    public const string Name = "Processes";
}
