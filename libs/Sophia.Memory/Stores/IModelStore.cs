using Sophia.Memory.Log;
using Sophia.Memory.Models;
using Sophia.Memory.Namespaces;

namespace Sophia.Memory.Stores;

/// <summary>What a store keeps of models: vectors of a second one beside those in the contents, and the changes of namespaces.</summary>
public interface IModelStore
{
    /// <summary>
    /// The vectors that a model made of these versions, whether they stand in the contents or beside them; versions that have
    /// none are left out. Null: the model was asked, and the text has no direction.
    /// </summary>
    Task<IReadOnlyDictionary<Sequence, float[]?>> ReadVectorsAsync(
        NamespaceInfo ns, string model, IReadOnlyCollection<Sequence> versions, CancellationToken cancellationToken);

    /// <summary>Keeps vectors beside the contents, durable when the task completes; those of versions that were erased meanwhile are not kept.</summary>
    Task PutVectorsAsync(NamespaceInfo ns, string model, IReadOnlyList<VersionVector> vectors, CancellationToken cancellationToken);

    /// <summary>
    /// One step of making a model's vectors the only ones: they move into the contents, and those of others go. Versions without a
    /// vector of the model keep none.
    /// </summary>
    /// <param name="after">The sequence up to which earlier steps came; none to begin.</param>
    /// <returns>Where the next step goes on; none when all is done.</returns>
    Task<Sequence> SettleVectorsAsync(NamespaceInfo ns, string model, Sequence after, int limit, CancellationToken cancellationToken);

    /// <summary>The newest change of a namespace's model, open or closed; null when there never was one.</summary>
    Task<ModelChange?> FindModelChangeAsync(long namespaceId, CancellationToken cancellationToken);

    /// <summary>The changes that are not closed, of all tenants.</summary>
    Task<IReadOnlyList<ModelChange>> ListModelChangesAsync(CancellationToken cancellationToken);

    /// <summary>
    /// Writes the next state of a change, and in the same transaction the namespace's model and dimension where the state says
    /// another one. Does nothing unless the stored revision is one less than the new one (or there is none and it is 1).
    /// </summary>
    /// <returns>The namespace as it is then; null when the revision did not fit, or there is no such namespace any more.</returns>
    Task<NamespaceInfo?> SaveModelChangeAsync(ModelChange next, CancellationToken cancellationToken);

    /// <summary>Makes this owner the one that works on a change, unless another's lease has not run out.</summary>
    Task<bool> LeaseModelChangeAsync(long namespaceId, string owner, DateTimeOffset now, DateTimeOffset until, CancellationToken cancellationToken);
}

/// <param name="Vector">Null: the text has no direction.</param>
public readonly record struct VersionVector(Sequence Version, float[]? Vector);
