namespace Sophia.Memory.Tiers;

/// <summary>The six places that serve memory, fastest first.</summary>
public enum Tier
{
    /// <summary>Vectors and postings in GPU or host memory.</summary>
    L0,

    /// <summary>Near copy and Redis: hot records, sessions.</summary>
    L1,

    /// <summary>Results of Cortex and other models.</summary>
    L2,

    /// <summary>The durable log and records.</summary>
    L3,

    /// <summary>Entities and relations.</summary>
    L4,

    /// <summary>Workflow runs.</summary>
    L5,
}
