namespace Sophia.Client;

public sealed partial class SophiaClient
{
    /// <summary>The models that make vectors.</summary>
    public Task<Answer<ModelList>> ListModelsAsync(CancellationToken cancellationToken = default) =>
        _channel.SendAsync(ApiCall.Read(new RequestPath("v1/models")), WireJson.Default.ModelList, null, cancellationToken);

    /// <summary>How far the namespace's newest change of model is.</summary>
    /// <exception cref="SophiaApiException"><c>namespace-not-found</c>.</exception>
    public Task<Answer<ModelChangeStatus>> GetModelChangeAsync(string @namespace, CancellationToken cancellationToken = default) =>
        _channel.SendAsync(ApiCall.Read(InNamespace(@namespace).Literal("model")), WireJson.Default.ModelChangeStatus, null, cancellationToken);

    /// <summary>Begins to change the namespace's model while it is written and searched.</summary>
    /// <exception cref="SophiaApiException"><c>model-change-open</c>, <c>model-change-not-possible</c>, <c>model-not-resident</c>.</exception>
    public Task<Answer<ModelChangeStatus>> StartModelChangeAsync(
        string @namespace, ModelChangeRequest request, CancellationToken cancellationToken = default) =>
        _channel.SendAsync(
            ApiCall.Write(HttpMethod.Post, InNamespace(@namespace).Literal("model"), request, WireJson.Default.ModelChangeRequest),
            WireJson.Default.ModelChangeStatus, null, cancellationToken);

    /// <summary>Makes the new model current although the check held it, or because the change waits for it.</summary>
    /// <exception cref="SophiaApiException"><c>model-change-not-possible</c>.</exception>
    public Task<Answer<ModelChangeStatus>> CutOverModelChangeAsync(string @namespace, CancellationToken cancellationToken = default) =>
        MoveModelChangeAsync(@namespace, "cut-over", cancellationToken);

    /// <summary>Goes back to the old model, as long as its vectors are kept.</summary>
    /// <exception cref="SophiaApiException"><c>model-change-not-possible</c>.</exception>
    public Task<Answer<ModelChangeStatus>> UndoModelChangeAsync(string @namespace, CancellationToken cancellationToken = default) =>
        MoveModelChangeAsync(@namespace, "undo", cancellationToken);

    /// <summary>Drops the old model's vectors; after this the change cannot be undone.</summary>
    /// <exception cref="SophiaApiException"><c>model-change-not-possible</c>.</exception>
    public Task<Answer<ModelChangeStatus>> FinishModelChangeAsync(string @namespace, CancellationToken cancellationToken = default) =>
        MoveModelChangeAsync(@namespace, "finish", cancellationToken);

    private Task<Answer<ModelChangeStatus>> MoveModelChangeAsync(string @namespace, string step, CancellationToken cancellationToken) =>
        _channel.SendAsync(
            ApiCall.Write(HttpMethod.Post, InNamespace(@namespace).Literal("model").Literal(step)), WireJson.Default.ModelChangeStatus, null, cancellationToken);
}
