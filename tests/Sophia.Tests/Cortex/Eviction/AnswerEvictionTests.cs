using System.Diagnostics.Metrics;
using System.Globalization;
using Microsoft.Extensions.AI;
using Sophia.Memory.Cortex;
using Sophia.Memory.Cortex.Eviction;
using Sophia.Memory.Hierarchy;
using Sophia.Memory.Namespaces;
using Sophia.Tests.Infrastructure;

namespace Sophia.Tests.Cortex.Eviction;

/// <summary>The cache in front of models within its budget, over a real store.</summary>
public sealed class AnswerEvictionTests
{
    private const long Budget = 64 << 10;

    /// <summary>A prompt is a name and how many bytes and tokens the answer has; a token costs a millionth of a dollar.</summary>
    private sealed class PricedChat : IChatClient
    {
        public int Calls { get; private set; }

        public Task<ChatResponse> GetResponseAsync(IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
        {
            Calls++;
            var asked = messages.Last().Text.Split(' ');
            return Task.FromResult(new ChatResponse(new ChatMessage(ChatRole.Assistant, new string('x', int.Parse(asked[1], CultureInfo.InvariantCulture))))
            {
                FinishReason = ChatFinishReason.Stop,
                Usage = new UsageDetails { InputTokenCount = 0, OutputTokenCount = int.Parse(asked[2], CultureInfo.InvariantCulture) },
            });
        }

        public IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
            IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default) => throw new NotSupportedException();

        public object? GetService(Type serviceType, object? serviceKey = null) => null;

        public void Dispose()
        {
        }
    }

    private static CortexMemory Open(RunningMemory running, PricedChat chat, long? budget = Budget)
    {
        var model = new ChatModel("m", "m#1", "test", "here", IsLocal: true, new ModelPrice(0, 1, 0), TimeSpan.FromHours(1), chat);
        var cortex = new CortexMemory(running.Memory, new ChatModelCatalog([model], null), new CortexOptions { CacheBytes = budget });
        cortex.Start();
        return cortex;
    }

    private static async Task<CompletionAnswer> AskAsync(CortexMemory cortex, string prompt, string tenant = "acme", CacheUse cache = CacheUse.Exact) =>
        await cortex.CompleteAsync(tenant, null, new CompletionRequest { Messages = [new PromptMessage(ChatRoleName.User, prompt)], Cache = cache }, new Trail(), CancellationToken.None);

    /// <param name="made">Answers so far: each is known as kept, or is gone.</param>
    private static Task WithinBudgetAsync(CortexMemory cortex, int made) =>
        UntilAsync(cortex, report => Task.FromResult(report.Bytes <= Budget && report.Count + report.Evictions[AnswerEviction.OverBudget] == made));

    private static async Task UntilAsync(CortexMemory cortex, Func<CacheReport, Task<bool>> holds)
    {
        for (var i = 0; !await holds(cortex.CacheReport()); i++)
        {
            Assert.True(i < 1000, $"{cortex.CacheReport()}");
            await Task.Delay(10);
        }
    }

    [Fact]
    public async Task Beyond_the_budget_the_answers_that_save_least_for_their_size_go_and_are_asked_anew()
    {
        await using var running = await RunningMemory.StartAsync();
        var chat = new PricedChat();
        await using var cortex = Open(running, chat);
        var dear = await AskAsync(cortex, "dear 4000 50000");
        var often = await AskAsync(cortex, "often 4000 600");
        for (var i = 0; i < 200; i++)
        {
            await AskAsync(cortex, "often 4000 600");
        }

        var calls = chat.Calls;
        for (var i = 0; i < 60; i++)
        {
            await AskAsync(cortex, $"cheap{i} 4000 500");
        }

        await WithinBudgetAsync(cortex, made: 62);
        Assert.Equal(calls + 60, chat.Calls);
        Assert.Equal(CallOutcome.Hit, (await AskAsync(cortex, "dear 4000 50000")).Outcome);
        Assert.Equal(CallOutcome.Hit, (await AskAsync(cortex, "often 4000 600")).Outcome);
        Assert.Equal(CallOutcome.Called, (await AskAsync(cortex, "cheap0 4000 500")).Outcome);
        var report = cortex.CacheReport();
        Assert.True(report.Evictions[AnswerEviction.OverBudget] >= 40, $"{report.Evictions[AnswerEviction.OverBudget]} went.");
        Assert.True(report.Age > 0);

        // Gone means gone: from the store, not from this process alone.
        var home = (await running.Memory.FindNamespaceAsync("acme", NamespaceRules.Cortex + "-256", CancellationToken.None))!;
        // The last call has brought one in, and another is on its way out.
        await UntilAsync(cortex, async kept => kept.Bytes <= Budget && kept.Count == await running.Memory.CountAsync(home, CancellationToken.None));
        Assert.Equal(cortex.CacheReport().Count, (int)await running.Memory.CountAsync(home, CancellationToken.None));
        var told = cortex.LeastWorth("acme", 100);
        Assert.Equal([dear.Key, often.Key], [told[^2].Key, told[^1].Key]);
        Assert.Equal(201 + 1, told[^1].Uses);
    }

    [Fact]
    public async Task What_an_answer_is_worth_is_told_with_all_that_it_comes_of_and_to_its_tenant_alone()
    {
        await using var running = await RunningMemory.StartAsync();
        await using var cortex = Open(running, new PricedChat());
        var small = await AskAsync(cortex, "small 100 700");
        await AskAsync(cortex, "small 100 700");
        await AskAsync(cortex, "large 5000 700");
        await AskAsync(cortex, "other 100 1", tenant: "umbrella");

        var told = cortex.LeastWorth("acme", 10);

        Assert.Equal(2, told.Count);
        Assert.Equal(small.Key, told[1].Key);
        Assert.Equal(2, told[1].Uses);
        Assert.InRange(told[1].SavingNanoDollars, 700_000, 700_100);
        Assert.All(told, one => Assert.Equal(one.Worth, one.Age + (one.Uses * one.SavingNanoDollars / one.Bytes), 9));

        // The answer, the vector's 256 components as float32 and as codes, and 512 beside.
        Assert.InRange(told[0].Bytes, 5000 + (256 * 5) + 512, 5000 + (256 * 5) + 512 + 300);
        Assert.Equal(3, cortex.CacheReport().Count);
    }

    [Fact]
    public async Task What_was_kept_before_the_start_counts_after_it()
    {
        await using var running = await RunningMemory.StartAsync();
        var chat = new PricedChat();
        await using (var before = Open(running, chat, budget: null))
        {
            for (var i = 0; i < 40; i++)
            {
                await AskAsync(before, $"p{i} 3000 {100 + i}");
            }

            Assert.Equal(40, before.CacheReport().Count);
            Assert.Equal(0, before.CacheReport().Evictions[AnswerEviction.OverBudget]);
        }

        await using var after = Open(running, chat);
        await WithinBudgetAsync(after, made: 40);
        Assert.Equal(CallOutcome.Hit, (await AskAsync(after, "p39 3000 139")).Outcome);
        Assert.Equal(CallOutcome.Called, (await AskAsync(after, "p0 3000 100")).Outcome);
    }

    [Fact]
    public async Task What_is_forgotten_expires_or_is_answered_anew_is_counted_once_or_not_at_all()
    {
        await using var running = await RunningMemory.StartAsync();
        await using var cortex = Open(running, new PricedChat());
        var first = await AskAsync(cortex, "p 1000 10");
        await AskAsync(cortex, "q 1000 10");
        var both = cortex.CacheReport().Bytes;
        await AskAsync(cortex, "p 1000 10", cache: CacheUse.Refresh);
        Assert.Equal(both, cortex.CacheReport().Bytes, 16.0);
        Assert.Equal(2, cortex.CacheReport().Count);

        var home = (await running.Memory.FindNamespaceAsync("acme", NamespaceRules.Cortex + "-256", CancellationToken.None))!;
        await running.Memory.ForgetAsync(home, new ForgetRequest { Keys = [first.Key] }, new Trail(), CancellationToken.None);
        Assert.Equal(1, cortex.CacheReport().Count);
        await running.Memory.ForgetAsync(home, new ForgetRequest { All = true }, new Trail(), CancellationToken.None);
        Assert.Equal((0, 0L), (cortex.CacheReport().Count, cortex.CacheReport().Bytes));
        Assert.Equal(0, cortex.CacheReport().Evictions[AnswerEviction.OverBudget]);
    }

    [Fact]
    public async Task While_the_store_is_away_nothing_goes_and_nothing_is_lost_and_then_it_goes_on()
    {
        await using var running = await RunningMemory.StartAsync();
        await using var cortex = Open(running, new PricedChat());
        running.Store.BeforeCommit = groups =>
        {
            if (groups.Any(g => g.Guard is not null))
            {
                throw new Sophia.Memory.Stores.StoreUnavailableException("the test takes evictions away");
            }
        };
        for (var i = 0; i < 40; i++)
        {
            await AskAsync(cortex, $"p{i} 3000 10");
        }

        // An answer that shares its transaction with an eviction is refused with it, and is made again; the next eviction waits for the clock.
        await Task.Delay(100);
        for (var i = 0; i < 40; i++)
        {
            await AskAsync(cortex, $"p{i} 3000 10");
        }

        await UntilAsync(cortex, static report => Task.FromResult(report.Count == 40));
        running.Store.BeforeCommit = null;
        for (var i = 0; cortex.CacheReport().Bytes > Budget || cortex.CacheReport().Evictions[AnswerEviction.OverBudget] < 20; i++)
        {
            Assert.True(i < 1000, "Nothing goes.");
            running.Clock.Advance(TimeSpan.FromSeconds(5));
            await Task.Delay(10);
        }

        Assert.True(cortex.CacheReport().Evictions[AnswerEviction.OverBudget] >= 20);
    }

    [Fact]
    public async Task Meters_tell_what_is_kept_what_may_be_and_what_went_why()
    {
        await using var running = await RunningMemory.StartAsync();
        await using var cortex = Open(running, new PricedChat(), budget: 77_777);
        await AskAsync(cortex, "p 1000 10");
        var told = new List<string>();
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, self) =>
            {
                if (instrument.Name.StartsWith("sophia.cortex.cache.", StringComparison.Ordinal))
                {
                    self.EnableMeasurementEvents(instrument);
                }
            },
        };
        listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => told.Add($"{instrument.Name} {value} {(tags.IsEmpty ? "" : tags[0].Value)}"));
        listener.SetMeasurementEventCallback<int>((instrument, value, _, _) => told.Add($"{instrument.Name} {value}"));
        listener.Start();
        listener.RecordObservableInstruments();

        Assert.Contains("sophia.cortex.cache.budget 77777 ", told);
        Assert.Contains($"sophia.cortex.cache.used {cortex.CacheReport().Bytes} ", told);
        Assert.Contains("sophia.cortex.cache.entries 1", told);
        Assert.Contains("sophia.cortex.cache.evictions 0 worth least", told);
    }
}
