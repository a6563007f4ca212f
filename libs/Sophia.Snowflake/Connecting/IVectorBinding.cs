namespace Sophia.Snowflake.Connecting;

/// <summary>A data source whose statements take an array of <c>float[]</c> as values of a VECTOR column. Snowflake's drivers have no such value: there a vector is a text.</summary>
public interface IVectorBinding
{
    bool BindsVectors { get; }
}
