using Sophia.Memory.Hierarchy;

namespace Sophia.Memory.Cortex;

/// <summary>The models that complete texts here, and which of them a request gets: by residency first, then by name, then by price.</summary>
public sealed class ChatModelCatalog
{
    private readonly Dictionary<string, ChatModel> _byName;
    private readonly ChatModel? _standard;

    /// <param name="standard">The model of requests that name none; null: the cheapest that the request may use.</param>
    /// <exception cref="ArgumentException">The standard model is none of them, or two have one name.</exception>
    public ChatModelCatalog(IReadOnlyList<ChatModel> models, string? standard)
    {
        All = models;
        _byName = models.ToDictionary(static model => model.Name, StringComparer.Ordinal);
        _standard = standard is null ? null : _byName.GetValueOrDefault(standard) ?? throw new ArgumentException(
            $"Sophia:DefaultChatModel is '{standard}', which is none of {(models.Count == 0 ? "the models (there is none)" : string.Join(", ", _byName.Keys))}.");
    }

    public IReadOnlyList<ChatModel> All { get; }

    /// <param name="name">Null: the standard one, or the cheapest.</param>
    /// <param name="ns">The resident namespace whose text it is; null when it may leave the machines.</param>
    /// <exception cref="RefusedException">model-not-configured, model-not-found, model-not-resident.</exception>
    public ChatModel Route(string? name, string? ns)
    {
        if (All.Count == 0)
        {
            throw new RefusedException(
                "model-not-configured", "No model that completes texts is configured, and Sophia makes up no answers.",
                "Configure one: Sophia:ChatModels:{name}:Kind=OpenAI with Endpoint and Model.");
        }

        if (name is not null)
        {
            var named = _byName.GetValueOrDefault(name) ?? throw new RefusedException(
                "model-not-found", $"There is no chat model '{name}'; there are {string.Join(", ", _byName.Keys)}.", "Name one of these, or leave the model out.");
            return ns is null || named.IsLocal ? named : throw NotResident(ns, $"model '{named.Name}' runs elsewhere ({named.Source})");
        }

        if (_standard is not null && (ns is null || _standard.IsLocal))
        {
            return _standard;
        }

        return All.Where(model => ns is null || model.IsLocal).MinBy(static model => (PriceOf(model), model.Name))
            ?? throw NotResident(ns!, "every chat model runs elsewhere");
    }

    // A model without a price costs nobody knows what: those with one come first.
    private static double PriceOf(ChatModel model) =>
        model.Price.IsKnown ? model.Price.InputDollars!.Value + model.Price.OutputDollars!.Value : model.IsLocal ? 0 : double.MaxValue;

    private static RefusedException NotResident(string ns, string why) => new(
        "model-not-resident", $"Namespace '{ns}' is resident, and {why}.",
        "Use a local model, or, if this one runs on your own machines, say so with Sophia:ChatModels:{name}:Local=true.");
}
