using Microsoft.Extensions.AI;
using Polly;
using Polly.CircuitBreaker;
using Polly.Retry;
using Polly.Timeout;
using Sophia.Memory.Cortex;
using Sophia.Memory.Hierarchy;
using Sophia.Memory.Models;

namespace Sophia.Gpu.Models;

/// <summary>What a model is called for; its failures are named by it.</summary>
internal enum ModelUse
{
    Embedding,
    Chat,
}

/// <summary>
/// Calls of a model that may fail: each has its time, a failed one is repeated after a pause that doubles, with jitter, or that
/// the server asks for, and when half of the calls fail the circuit opens: calls are refused at once until it is tried again.
/// </summary>
internal sealed class ModelPipeline : IReportsModelState
{
    private readonly string _name;
    private readonly ModelUse _use;
    private readonly ModelOptions _options;
    private readonly ResiliencePipeline _pipeline;
    private readonly CircuitBreakerStateProvider _circuit = new();
    private long _texts;
    private long _calls;
    private long _retries;
    private long _failures;
    private volatile string? _lastFailure;

    public ModelPipeline(string name, ModelOptions options, TimeProvider clock, ModelUse use = ModelUse.Embedding)
    {
        (_name, _options, _use) = (name, options, use);
        var builder = new ResiliencePipelineBuilder { TimeProvider = clock };
        if (options.Retries > 0)
        {
            builder.AddRetry(new RetryStrategyOptions
            {
                MaxRetryAttempts = options.Retries,
                BackoffType = DelayBackoffType.Exponential,
                UseJitter = true,
                Delay = options.RetryDelay,
                MaxDelay = options.MaxRetryDelay,
                ShouldHandle = arguments => ValueTask.FromResult(IsPassing(arguments.Outcome.Exception) && !AsksForMore(arguments.Outcome.Exception)),
                DelayGenerator = static arguments => ValueTask.FromResult((arguments.Outcome.Exception as ModelCallException)?.RetryAfter),
                OnRetry = _ =>
                {
                    Interlocked.Increment(ref _retries);
                    return ValueTask.CompletedTask;
                },
            });
        }

        _pipeline = builder
            .AddCircuitBreaker(new CircuitBreakerStrategyOptions
            {
                FailureRatio = 0.5,
                MinimumThroughput = 6,
                SamplingDuration = TimeSpan.FromSeconds(30),
                BreakDuration = options.BreakDuration,
                ShouldHandle = static arguments => ValueTask.FromResult(IsPassing(arguments.Outcome.Exception)),
                StateProvider = _circuit,
            })
            .AddTimeout(options.Timeout)
            .Build();
    }

    public ModelState State
    {
        get
        {
            var failure = _lastFailure;
            var health = _circuit.CircuitState is CircuitState.Open or CircuitState.Isolated ? ModelHealth.Unavailable
                : failure is null ? ModelHealth.Ready : ModelHealth.Failing;
            return new ModelState(
                health, failure, Interlocked.Read(ref _texts), Interlocked.Read(ref _calls), Interlocked.Read(ref _retries), Interlocked.Read(ref _failures));
        }
    }

    /// <exception cref="EmbedderUnavailableException"/>
    /// <exception cref="EmbedderAnswerException"/>
    public Task<GeneratedEmbeddings<Embedding<float>>> CallAsync(
        IEmbeddingGenerator<string, Embedding<float>> inner, IReadOnlyList<string> texts, CancellationToken cancellationToken) =>
        RunAsync(static (q, ct) => q.inner.GenerateAsync(q.texts, cancellationToken: ct), (inner, texts), texts.Count, cancellationToken);

    /// <summary>Calls the model, as often as it takes.</summary>
    /// <param name="texts">What is counted when it succeeds.</param>
    /// <exception cref="RefusedException">Of embedding: EmbedderUnavailable or EmbedderAnswer; of chat: ModelUnavailable or ModelAnswer.</exception>
    public async Task<T> RunAsync<TState, T>(Func<TState, CancellationToken, Task<T>> call, TState state, int texts, CancellationToken cancellationToken)
    {
        try
        {
            var answer = await _pipeline.ExecuteAsync(
                async (q, ct) =>
                {
                    Interlocked.Increment(ref q.Pipeline._calls);
                    try
                    {
                        return await q.Call(q.State, ct).ConfigureAwait(false);
                    }
                    catch (Exception error) when (error is not OperationCanceledException)
                    {
                        Interlocked.Increment(ref q.Pipeline._failures);
                        throw;
                    }
                },
                (Pipeline: this, Call: call, State: state), cancellationToken).ConfigureAwait(false);
            Interlocked.Add(ref _texts, texts);
            _lastFailure = null;
            return answer;
        }
        catch (BrokenCircuitException error)
        {
            throw Unavailable(_lastFailure ?? "its last calls failed", error.RetryAfter ?? _options.BreakDuration);
        }
        catch (TimeoutRejectedException)
        {
            Interlocked.Increment(ref _failures);
            _lastFailure = $"no answer within {_options.Timeout.TotalSeconds:0.###} s";
            throw Unavailable(_lastFailure, _options.RetryDelay);
        }
        catch (ModelCallException error)
        {
            throw Failed(error);
        }
        catch (RefusedException error)
        {
            _lastFailure = error.Message;
            throw;
        }
    }

    /// <summary>What a failed call means to callers; it is remembered as the last failure.</summary>
    public RefusedException Failed(ModelCallException error)
    {
        _lastFailure = error.Message;
        return error.IsPassing
            ? Unavailable(error.Message, error.RetryAfter ?? _options.RetryDelay)
            : _use == ModelUse.Chat
                ? new ModelAnswerException(_name, error.Message, SuggestionFor(error))
                : new EmbedderAnswerException(_name, error.Message, SuggestionFor(error));
    }

    private RefusedException Unavailable(string reason, TimeSpan retryAfter) => _use == ModelUse.Chat
        ? new ModelUnavailableException(_name, reason, retryAfter)
        : new EmbedderUnavailableException(_name, reason, retryAfter);

    private string Section => _use == ModelUse.Chat ? "Sophia:ChatModels" : "Sophia:Models";

    private string SuggestionFor(ModelCallException error) => error.Status switch
    {
        401 or 403 => $"Check {Section}:{_name}:ApiKey or ApiKeyFile.",
        404 => $"Check {Section}:{_name}:Endpoint (with /v1) and Model.",
        400 or 413 or 422 => $"Check {Section}:{_name}: what it asks for is not taken by the server: Model, {(_use == ModelUse.Chat ? "MaxCompletionTokens, and the parameters of the request" : "RequestDimensions, and whether MaxTokens and BatchTexts are within the server's limits")}.",
        _ => $"Check {Section}:{_name}.",
    };

    // Models of Cortex say themselves what their failures mean to callers.
    private static bool IsPassing(Exception? error) =>
        error is ModelCallException { IsPassing: true } or TimeoutRejectedException or EmbedderUnavailableException or ModelUnavailableException;

    private bool AsksForMore(Exception? error) => error is ModelCallException { RetryAfter: { } wait } && wait > _options.MaxRetryDelay;
}
