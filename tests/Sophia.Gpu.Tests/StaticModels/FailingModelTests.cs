using Microsoft.Extensions.Time.Testing;
using Sophia.Gpu.Devices;
using Sophia.Gpu.Models;
using Sophia.Gpu.Pools;
using Sophia.Gpu.Tests.DeviceVectors;
using Sophia.Memory.Models;

namespace Sophia.Gpu.Tests.StaticModels;

/// <summary>A model whose device fails, or has no room: who asks is told to ask again, and then it answers.</summary>
public sealed class FailingModelTests : IAsyncLifetime, IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("sophia-static-").FullName;
    private readonly FakeTimeProvider _clock = new();
    private readonly FaultyDevice _faulty = new();
    private readonly GpuNode _node;
    private readonly EmbeddingModel _model;
    private float[]?[] _expected = [];

    public FailingModelTests()
    {
        // One page of the device's, so that one model fits.
        _node = GpuNode.Open(new PoolOptions { ModelsBytes = 2 << 20 }, [_faulty], _clock);
        _model = Model("a");
    }

    public async Task InitializeAsync() => _expected = await _model.EmbedAsync(["the cat"], EmbeddingRole.Document, default);

    public Task DisposeAsync() => Task.CompletedTask;

    public void Dispose()
    {
        _node.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private EmbeddingModel Model(string name)
    {
        var options = new ModelOptions { Kind = ModelKind.Static, Model = Path.Combine(_folder, $"{name}.safetensors"), Tokenizer = Path.Combine(_folder, "vocab.txt") };
        File.WriteAllBytes(options.Model, TinyStatic.Matrix("embeddings", TinyStatic.Vocabulary.Length, 4));
        File.WriteAllLines(options.Tokenizer, TinyStatic.Vocabulary);
        return ModelFactory.Create(name, options, _clock, _node.Devices[0]);
    }

    private async Task AssertAwayAsync(string why)
    {
        var away = await Assert.ThrowsAsync<EmbedderUnavailableException>(async () => await _model.EmbedAsync(["the cat"], EmbeddingRole.Document, default));
        Assert.Contains(why, away.Message, StringComparison.Ordinal);
        Assert.True(away.RetryAfter > TimeSpan.Zero);
    }

    private async Task AssertBackAsync() => Assert.Equal(_expected, await _model.EmbedAsync(["the cat"], EmbeddingRole.Document, default));

    [Fact]
    public async Task A_model_on_a_device_that_fails_says_so_and_comes_back_with_it()
    {
        _faulty.FailsAt = "means";
        await AssertAwayAsync("CUDA error 700");
        _faulty.FailsAt = null;
        await AssertAwayAsync("is left out");

        _clock.Advance(TimeSpan.FromSeconds(1));
        Assert.True(_node.Devices[0].Gate.Retry());
        await AssertBackAsync();
    }

    [Fact]
    public async Task A_model_for_whose_kernel_the_device_has_no_memory_says_so_and_the_device_stays_in_use()
    {
        (_faulty.FailsAt, _faulty.Error) = ("means", static () => new DeviceMemoryException("out of memory"));
        await AssertAwayAsync("has no memory for it now");
        Assert.True(_node.Devices[0].Gate.IsOpen);

        _faulty.FailsAt = null;
        await AssertBackAsync();
    }

    [Fact]
    public async Task A_model_that_waits_for_another_one_to_leave_the_pool_says_so_and_comes_back()
    {
        var pool = _node.Devices[0][PoolKind.Models];
        var other = pool.AllocateEvicting(1, "another model", static _ => { })!;
        Assert.True(pool.TryPin(other));
        await AssertAwayAsync("Other models are at work there");

        pool.Unpin(other);
        await AssertBackAsync();
        Assert.Equal(0, pool.Report().PinnedPages);
    }
}
