using System.Diagnostics;
using System.Runtime.CompilerServices;
using Sophia.Memory.Hierarchy;
using Sophia.Memory.Namespaces;

namespace Sophia.Memory.Cortex;

/// <summary>A part of a streamed answer: text, and at the end the whole answer with its receipt.</summary>
/// <param name="Text">Null in the last part.</param>
/// <param name="Whole">Set in the last part only.</param>
public readonly record struct CompletionPart(string? Text, CompletionAnswer? Whole);

public sealed partial class CortexMemory
{
    /// <summary>
    /// As <see cref="CompleteAsync"/>, in parts as the model writes them; what is kept, or somebody else is asking for, comes in one. The
    /// call goes on when the caller leaves, and its answer is kept; one that breaks off is not. With <see cref="CacheUse.Off"/> it
    /// comes in one part too.
    /// </summary>
    public async IAsyncEnumerable<CompletionPart> CompleteInPartsAsync(
        string tenant, NamespaceInfo? ns, CompletionRequest request, Trail trail, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var started = Stopwatch.GetTimestamp();
        var isResident = ns is { Settings.Resident: true };
        var model = Models.Route(request.Model, isResident ? ns!.Name : null);
        var prompt = new Prompt(tenant, ns, model, request, PromptKey.Of(tenant, model, request), isResident);
        if (request.Cache == CacheUse.Off ||
            (request.Cache != CacheUse.Refresh && await FindKeptAsync(prompt, trail, cancellationToken).ConfigureAwait(false) is not null))
        {
            var whole = await CompleteAsync(tenant, ns, request, trail, cancellationToken).ConfigureAwait(false);
            yield return new CompletionPart(whole.Text, null);
            yield return new CompletionPart(null, whole);
            yield break;
        }

        using var relay = new PartRelay();
        var answer = JoinAsync(prompt, started, trail, relay, cancellationToken);
        // Whoever joins another's call hears nothing of it until it has ended.
        _ = answer.ContinueWith(static (ended, state) =>
        {
            _ = ended.Exception;
            ((PartRelay)state!).End();
        }, relay, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        var parts = 0;
        await foreach (var part in relay.ReadAsync(cancellationToken).ConfigureAwait(false))
        {
            parts++;
            yield return new CompletionPart(part, null);
        }

        var landed = await answer.ConfigureAwait(false);
        if (parts == 0)
        {
            yield return new CompletionPart(landed.Text, null);
        }

        yield return new CompletionPart(null, landed);
    }
}
