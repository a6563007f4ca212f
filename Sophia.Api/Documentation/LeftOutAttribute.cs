namespace Sophia.Api.Documentation;

/// <summary>A field that an answer does not have where it does not apply; others that can be null are written as null there.</summary>
[AttributeUsage(AttributeTargets.Parameter)]
internal sealed class LeftOutAttribute : Attribute;
