using Microsoft.Extensions.AI;
using Polly;
using Polly.CircuitBreaker;
using Polly.Retry;
using Polly.Timeout;
using Sophia.Memory.Models;

namespace Sophia.Gpu.Models;

/// <summary>
/// Calls of a model that may fail: each has its time, a failed one is repeated after a pause that doubles, with jitter, or that
/// the server asks for, and when half of the calls fail the circuit opens: calls are refused at once until it is tried again.
/// </summary>
internal sealed class ModelPipeline : IReportsModelState
{
    private readonly string _name;
    private readonly ModelOptions _options;
    private readonly ResiliencePipeline _pipeline;
    private readonly CircuitBreakerStateProvider _circuit = new();
    private long _texts;
    private long _calls;
    private long _retries;
    private long _failures;
    private volatile string? _lastFailure;

    public ModelPipeline(string name, ModelOptions options, TimeProvider clock)
    {
        (_name, _options) = (name, options);
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
    public async Task<GeneratedEmbeddings<Embedding<float>>> CallAsync(
        IEmbeddingGenerator<string, Embedding<float>> inner, IReadOnlyList<string> texts, CancellationToken cancellationToken)
    {
        try
        {
            var answer = await _pipeline.ExecuteAsync(
                async (q, ct) =>
                {
                    Interlocked.Increment(ref q.Pipeline._calls);
                    try
                    {
                        return await q.Inner.GenerateAsync(q.Texts, cancellationToken: ct).ConfigureAwait(false);
                    }
                    catch (Exception error) when (error is not OperationCanceledException)
                    {
                        Interlocked.Increment(ref q.Pipeline._failures);
                        throw;
                    }
                },
                (Pipeline: this, Inner: inner, Texts: texts), cancellationToken).ConfigureAwait(false);
            Interlocked.Add(ref _texts, texts.Count);
            _lastFailure = null;
            return answer;
        }
        catch (BrokenCircuitException error)
        {
            throw new EmbedderUnavailableException(_name, _lastFailure ?? "its last calls failed", error.RetryAfter ?? _options.BreakDuration);
        }
        catch (TimeoutRejectedException)
        {
            Interlocked.Increment(ref _failures);
            _lastFailure = $"no answer within {_options.Timeout.TotalSeconds:0.###} s";
            throw new EmbedderUnavailableException(_name, _lastFailure, _options.RetryDelay);
        }
        catch (ModelCallException error)
        {
            _lastFailure = error.Message;
            throw error.IsPassing
                ? new EmbedderUnavailableException(_name, error.Message, error.RetryAfter ?? _options.RetryDelay)
                : new EmbedderAnswerException(_name, error.Message, SuggestionFor(error));
        }
    }

    private string SuggestionFor(ModelCallException error) => error.Status switch
    {
        401 or 403 => $"Check Sophia:Models:{_name}:ApiKey or ApiKeyFile.",
        404 => $"Check Sophia:Models:{_name}:Endpoint (with /v1) and Model.",
        400 or 413 or 422 => $"Check Sophia:Models:{_name}: Model, RequestDimensions, and whether MaxTokens and BatchTexts are within the server's limits.",
        _ => $"Check Sophia:Models:{_name}.",
    };

    private static bool IsPassing(Exception? error) => error is ModelCallException { IsPassing: true } or TimeoutRejectedException;

    private bool AsksForMore(Exception? error) => error is ModelCallException { RetryAfter: { } wait } && wait > _options.MaxRetryDelay;
}
