using Microsoft.Extensions.AI;
using Sophia.Gpu.Models;
using Sophia.Memory.Models;
using Sophia.Snowflake.Connecting;
using Sophia.Snowflake.Local.Remote;
using Sophia.Snowflake.Models;
using Sophia.Snowflake.Tests.Mirror;

namespace Sophia.Snowflake.Tests.Models;

public sealed class CortexEmbedderTests : IAsyncDisposable
{
    private const string Model = "snowflake-arctic-embed-l-v2.0";
    private readonly LocalSnowflakeDataSource _lake = new(services: new LocalServices { Embedder = ModelFactory.Hashed() });
    private readonly FaultySnowflake _account;

    public CortexEmbedderTests() => _account = new FaultySnowflake(_lake);

    public async ValueTask DisposeAsync()
    {
        await _account.DisposeAsync();
        await _lake.DisposeAsync();
    }

    private CortexEmbedder Embedder(string model = Model, int dimensions = 1024, double seconds = 20) => new("far", _account, model, dimensions, TimeSpan.FromSeconds(seconds));

    private EmbeddingModel Configured(ModelOptions options) => ModelFactory.CreateCortex("far", options, () => Embedder(options.Model!, options.Dimensions), TimeProvider.System);

    private static ModelOptions Options => new() { Kind = ModelKind.Cortex, Model = Model, Dimensions = 1024, Credits = 0.05, RetryDelay = TimeSpan.FromMilliseconds(1) };

    [Fact]
    public async Task A_batch_is_one_statement_and_each_text_gets_its_own_vector()
    {
        string[] texts = [.. Enumerable.Range(0, 50).Select(static i => $"the cat's \"{i}\" sleeps \\ {{}} é"), " "];

        var vectors = await Configured(Options).EmbedAsync(texts, EmbeddingRole.Document, CancellationToken.None);

        Assert.Single(_account.Wire, static sent => sent.Contains("AI_EMBED", StringComparison.Ordinal));
        var alone = await ModelFactory.Hashed().EmbedAsync(texts, EmbeddingRole.Document, CancellationToken.None);
        Assert.Null(vectors[50]);
        for (var i = 0; i < 50; i++)
        {
            Assert.Equal(1024, vectors[i]!.Length);
            Assert.Equal(alone[i]!, vectors[i]![..256]);
        }
    }

    [Fact]
    public async Task A_call_that_failed_is_repeated_and_an_account_that_stays_away_is_a_model_that_does_not_answer_now()
    {
        var failures = 2;
        _account.OnStatement = (_, _) => failures-- > 0 ? throw new DriverException("HTTP 503") : Task.CompletedTask;
        var model = Configured(Options);

        Assert.NotNull((await model.EmbedAsync(["cats"], EmbeddingRole.Query, CancellationToken.None))[0]);
        Assert.Equal(2, model.State.Retries);

        _account.OnLogin = static () => throw new DriverException("HTTP 503");
        await Assert.ThrowsAsync<EmbedderUnavailableException>(() => model.EmbedAsync(["cats"], EmbeddingRole.Query, CancellationToken.None).AsTask());
        _account.OnLogin = null;
        _account.OnStatement = static (_, _) => new TaskCompletionSource().Task;
        await Assert.ThrowsAsync<EmbedderUnavailableException>(() => Embedder(seconds: 1).GenerateAsync(["cats"]));
    }

    [Fact]
    public async Task What_the_account_refuses_is_not_repeated()
    {
        var model = Configured(Options with { Model = "no-such-model" });

        var error = await Assert.ThrowsAsync<EmbedderAnswerException>(() => model.EmbedAsync(["cats"], EmbeddingRole.Document, CancellationToken.None).AsTask());

        Assert.Contains("unknown model no-such-model", error.Message, StringComparison.Ordinal);
        Assert.Equal(0, model.State.Retries);
        await Assert.ThrowsAsync<EmbedderAnswerException>(() => Configured(Options with { Dimensions = 1000 }).EmbedAsync(["cats"], EmbeddingRole.Document, CancellationToken.None).AsTask());
    }

    [Fact]
    public void Its_price_is_in_credits_it_is_not_local_and_settings_of_other_kinds_are_refused()
    {
        var model = Configured(Options);

        Assert.Equal(("cortex", false, 0.1, 0.05), (model.Kind, model.IsLocal, model.InputDollars!.Value, model.InputCredits));
        foreach (var wrong in new[]
        {
            Options with { Model = null }, Options with { Model = "a'b" }, Options with { Dimensions = 0 }, Options with { Local = true },
            Options with { Endpoint = "https://x/v1" }, Options with { InputDollars = 1 }, Options with { Credits = -1 },
        })
        {
            Assert.Throws<ArgumentException>(() => Configured(wrong));
        }
    }
}
