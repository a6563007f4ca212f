using Microsoft.Extensions.Time.Testing;
using Sophia.Gpu.Devices;
using Sophia.Gpu.Health;
using Sophia.Gpu.Models;
using Sophia.Gpu.Pools;
using Sophia.Gpu.Tests.DeviceVectors;
using Sophia.Memory.Models;

namespace Sophia.Gpu.Tests.StaticModels;

/// <summary>A model whose device fails, hangs or has no room: the processor makes its vectors from the file.</summary>
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

    /// <summary>It answers as ever; by the device or not.</summary>
    private async Task AssertAnswersAsync(bool onDevice)
    {
        var means = _faulty.Means;
        Assert.Equal(_expected, await _model.EmbedAsync(["the cat"], EmbeddingRole.Document, default));
        Assert.Equal(onDevice, _faulty.Means > means);
    }

    [Fact]
    public async Task While_its_device_is_left_out_the_processor_answers()
    {
        _faulty.FailsAt = "means";
        await AssertAnswersAsync(onDevice: false);
        Assert.Contains("CUDA error 700", _node.Devices[0].Gate.Failure, StringComparison.Ordinal);
        _faulty.FailsAt = null;
        await AssertAnswersAsync(onDevice: false);

        _clock.Advance(TimeSpan.FromSeconds(1));
        Assert.True(_node.Devices[0].Gate.Retry());
        await AssertAnswersAsync(onDevice: true);
    }

    [Fact]
    public async Task While_its_device_has_no_memory_for_the_kernel_the_processor_answers_and_the_device_stays_in_use()
    {
        (_faulty.FailsAt, _faulty.Error) = ("means", static () => new DeviceMemoryException("out of memory"));
        await AssertAnswersAsync(onDevice: false);
        Assert.True(_node.Devices[0].Gate.IsOpen);

        _faulty.FailsAt = null;
        await AssertAnswersAsync(onDevice: true);
    }

    [Fact]
    public async Task While_another_one_has_its_place_in_the_pool_the_processor_answers()
    {
        var pool = _node.Devices[0][PoolKind.Models];
        var other = pool.AllocateEvicting(1, "another model", static _ => { })!;
        Assert.True(pool.TryPin(other));
        await AssertAnswersAsync(onDevice: false);

        pool.Unpin(other);
        await AssertAnswersAsync(onDevice: true);
        Assert.Equal(0, pool.Report().PinnedPages);
    }

    [Fact]
    public async Task While_its_device_hangs_the_processor_answers_and_what_the_device_writes_yet_is_nobodys()
    {
        float[]?[] answered;
        _faulty.HangsAt = "means";
        var embedding = _model.EmbedAsync(["the cat"], EmbeddingRole.Document, default).AsTask();
        Assert.True(SpinWait.SpinUntil(() => _faulty.IsHanging, TimeSpan.FromSeconds(60)));
        try
        {
            _clock.Advance(DeviceThread.Patience);

            answered = await embedding.WaitAsync(TimeSpan.FromSeconds(60));
            Assert.Equal(_expected, answered);
            await AssertAnswersAsync(onDevice: false);
            Assert.True(_node.Devices[0].Gate.IsOpen);

            // What it computes yet is not what was asked: of zeros.
            _node.Devices[0][PoolKind.Models].Memory.Write(0, new byte[TinyStatic.Vocabulary.Length * 4 * sizeof(float)]);
        }
        finally
        {
            _faulty.MayGoOn.Set();
        }

        Assert.True(SpinWait.SpinUntil(() => _faulty.Means > 1, TimeSpan.FromSeconds(60)));
        Assert.Equal(_expected, answered);
    }

    [Fact]
    public async Task An_error_that_comes_when_nobody_waits_any_more_leaves_the_device_out()
    {
        (_faulty.HangsAt, _faulty.FailsAt) = ("means", "means");
        var embedding = _model.EmbedAsync(["the cat"], EmbeddingRole.Document, default).AsTask();
        Assert.True(SpinWait.SpinUntil(() => _faulty.IsHanging, TimeSpan.FromSeconds(60)));
        _clock.Advance(DeviceThread.Patience);
        Assert.Equal(_expected, await embedding.WaitAsync(TimeSpan.FromSeconds(60)));

        _faulty.MayGoOn.Set();

        Assert.True(SpinWait.SpinUntil(() => !_node.Devices[0].Gate.IsOpen, TimeSpan.FromSeconds(60)));
    }

    [Fact]
    public async Task A_device_that_hung_is_used_again()
    {
        _faulty.HangsAt = "means";
        var embedding = _model.EmbedAsync(["the cat"], EmbeddingRole.Document, default).AsTask();
        Assert.True(SpinWait.SpinUntil(() => _faulty.IsHanging, TimeSpan.FromSeconds(60)));
        _clock.Advance(DeviceThread.Patience);
        Assert.Equal(_expected, await embedding.WaitAsync(TimeSpan.FromSeconds(60)));
        _faulty.MayGoOn.Set();

        Assert.True(SpinWait.SpinUntil(() => !_node.Devices[0].Models.IsLate, TimeSpan.FromSeconds(10)));
        await AssertAnswersAsync(onDevice: true);
    }

    [Fact]
    public async Task A_file_that_was_changed_meanwhile_is_not_taken_for_it()
    {
        _faulty.FailsAt = "means";
        await AssertAnswersAsync(onDevice: false);
        File.WriteAllBytes(Path.Combine(_folder, "a.safetensors"), TinyStatic.Matrix("embeddings", TinyStatic.Vocabulary.Length, 4, seed: 2));

        var refused = await Assert.ThrowsAnyAsync<Exception>(async () => await _model.EmbedAsync(["the cat"], EmbeddingRole.Document, default));

        Assert.Contains("was changed while it was in use", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_device_that_fails_while_the_model_is_opened_does_not_keep_the_process_from_starting()
    {
        _faulty.FailsAt = "write";
        var model = Model("b");
        Assert.False(_node.Devices[0].Gate.IsOpen);

        Assert.Equal(_expected, await model.EmbedAsync(["the cat"], EmbeddingRole.Document, default));
    }
}
