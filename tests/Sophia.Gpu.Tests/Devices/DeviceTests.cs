using CsCheck;
using Microsoft.Extensions.Time.Testing;
using Sophia.Gpu.Devices;
using Sophia.Gpu.Devices.Ilgpu;
using Sophia.Gpu.Pools;

namespace Sophia.Gpu.Tests.Devices;

/// <summary>What every device does.</summary>
public abstract class DeviceContract
{
    protected abstract IDevice Open();

    [Fact]
    public void Reserved_memory_begins_as_zeros_and_keeps_what_is_written()
    {
        using var device = Open();
        using var memory = device.Reserve(100_000);
        var expected = new byte[100_000];
        Gen.Select(Gen.Int[0, 99_999], Gen.Byte.Array[0, 5000], Gen.Bool).Array[1, 20].Sample(steps =>
        {
            foreach (var (offset, bytes, discard) in steps)
            {
                var length = Math.Min(bytes.Length, expected.Length - offset);
                if (discard)
                {
                    memory.Discard(offset, length);
                    expected.AsSpan(offset, length).Clear();
                }
                else
                {
                    memory.Write(offset, bytes.AsSpan(0, length));
                    bytes.AsSpan(0, length).CopyTo(expected.AsSpan(offset));
                }
            }

            var read = new byte[expected.Length];
            memory.Read(0, read);
            Assert.True(expected.AsSpan().SequenceEqual(read));
        }, iter: 20, threads: 1);
    }

    [Fact]
    public void Ranges_outside_are_refused()
    {
        using var device = Open();
        using var memory = device.Reserve(10);
        foreach (var (offset, bytes) in new (long, int)[] { (-1, 1), (10, 1), (5, 6), (long.MaxValue, 1) })
        {
            Assert.Throws<ArgumentOutOfRangeException>(() => memory.Write(offset, new byte[bytes]));
            Assert.Throws<ArgumentOutOfRangeException>(() => memory.Read(offset, new byte[bytes]));
            Assert.Throws<ArgumentOutOfRangeException>(() => memory.Discard(offset, bytes));
        }
    }

    [Fact]
    public void Means_of_rows_are_those_of_plain_arithmetic() =>
        Gen.Select(Gen.Int[1, 70], Gen.Int[1, 40], Gen.Int[0, 30].Array[0, 8], Gen.Int[0, 1 << 20]).Sample((width, rows, counts, seed) =>
        {
            var random = new Random(seed);
            var matrix = Enumerable.Range(0, rows * width).Select(_ => (float)((random.NextDouble() * 2) - 1)).ToArray();
            var ids = Enumerable.Range(0, counts.Sum()).Select(_ => random.Next(rows)).ToArray();
            var ends = counts.Select((_, i) => counts.Take(i + 1).Sum()).ToArray();
            using var device = Open();
            using var memory = device.Reserve(4096 + (matrix.Length * sizeof(float)));
            memory.Write(4096, System.Runtime.InteropServices.MemoryMarshal.AsBytes<float>(matrix));
            var means = new float[counts.Length * width];

            device.MeanRows(memory, 4096, width, ids, ends, means);

            for (var group = 0; group < counts.Length; group++)
            {
                for (var i = 0; i < width; i++)
                {
                    var chosen = ids[(ends[group] - counts[group])..ends[group]].Select(id => (double)matrix[(id * width) + i]).ToArray();
                    var (expected, scale) = chosen.Length == 0 ? (0, 1) : (chosen.Average(), chosen.Average(Math.Abs));
                    Assert.InRange(means[(group * width) + i] - expected, -1e-5 * scale, 1e-5 * scale);
                }
            }
        }, iter: 15, threads: 1);

    [Fact]
    public void The_check_runs_a_kernel_and_finds_it_right()
    {
        using var device = Open();
        Assert.Null(device.Check().Failure);
        Assert.True(device.Check().IsHealthy);
    }
}

public sealed class HostDeviceTests : DeviceContract
{
    protected override IDevice Open() => new HostDevice(1 << 20);
}

public sealed class IlgpuDeviceTests : DeviceContract
{
    protected override IDevice Open() => TestDevice.Open(1 << 20);
}

public sealed class GpuNodeTests
{
    [Fact]
    public void Pools_are_named_by_node_device_and_kind_and_reserved_for_real()
    {
        using var node = GpuNode.Open(new PoolOptions { Node = "n1", HostBytes = 96 << 20 }, new FakeTimeProvider());

        var device = Assert.Single(node.Devices);
        Assert.Equal(["n1/host/models", "n1/host/inference-cache", "n1/host/vector-cache", "n1/host/buffer"], device.Pools.Select(p => p.Name));
        Assert.Equal([41L << 20, 27L << 20, 20L << 20, 8L << 20], device.Pools.Select(p => p.Memory.Bytes));
    }

    [Fact]
    public void A_device_that_gives_less_than_it_said_leaves_nothing_behind()
    {
        using var stingy = new StingyDevice();
        Assert.Throws<DeviceMemoryException>(() => GpuNode.Open(new PoolOptions(), [stingy], new FakeTimeProvider()));
        Assert.Equal(0, stingy.Outstanding);
    }

    [Fact]
    public void A_GPU_without_memory_for_its_pools_is_left_out_and_the_others_are_used()
    {
        using var poor = new StingyDevice(DeviceKind.Simulated);
        using var node = GpuNode.Open(new PoolOptions { Node = "n1" }, [poor, TestDevice.Open(64 << 20)], new FakeTimeProvider());

        Assert.Equal("no more", Assert.Single(node.Unopened).Reason);
        Assert.Contains(Assert.Single(node.Devices).Device.Facts.Kind, new[] { DeviceKind.Simulated, DeviceKind.Cuda });
        Assert.Null(node.Failure);
        Assert.Equal(0, poor.Outstanding);
    }

    [Fact]
    public void Where_no_GPU_can_be_used_host_memory_stands_in_and_the_node_says_why()
    {
        using var poor = new StingyDevice(DeviceKind.Simulated);
        using var node = GpuNode.Open(new PoolOptions { Node = "n1", ModelsBytes = 64 << 20 }, [poor], new FakeTimeProvider());

        Assert.Equal(DeviceKind.Host, Assert.Single(node.Devices).Device.Facts.Kind);
        Assert.Equal("n1/host: no more", node.Failure);
        Assert.True(node.IsWithoutItsGpus);
    }

    [SkippableFact]
    public void Without_a_gpu_cuda_is_refused_with_what_to_do()
    {
        Skip.If(IlgpuDevice.Cuda().Count > 0, "There is a GPU.");
        var refused = Assert.Throws<ArgumentException>(() => GpuNode.Open(new PoolOptions { Device = "cuda" }, TimeProvider.System));
        Assert.Contains("set it to host", refused.Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => GpuNode.Open(new PoolOptions { Device = "tpu" }, TimeProvider.System));
    }

    private sealed class StingyDevice(DeviceKind kind = DeviceKind.Host) : IDevice
    {
        private readonly HostDevice _host = new(1L << 30);
        private int _asked;

        public int Outstanding { get; private set; }

        public DeviceFacts Facts => _host.Facts with { Kind = kind };

        public long FreeBytes => _host.FreeBytes;

        public IDeviceMemory Reserve(long bytes) => ++_asked > 2 ? throw new DeviceMemoryException("no more") : new Counted(this, _host.Reserve(bytes));

        public DeviceCheck Check() => _host.Check();

        public void MeanRows(IDeviceMemory matrix, long offset, int width, ReadOnlySpan<int> ids, ReadOnlySpan<int> ends, Span<float> means) =>
            _host.MeanRows(matrix, offset, width, ids, ends, means);

        public void Dispose() => _host.Dispose();

        private sealed class Counted : IDeviceMemory
        {
            private readonly StingyDevice _device;
            private readonly IDeviceMemory _inner;

            public Counted(StingyDevice device, IDeviceMemory inner)
            {
                (_device, _inner) = (device, inner);
                device.Outstanding++;
            }

            public long Bytes => _inner.Bytes;

            public void Write(long offset, ReadOnlySpan<byte> source) => _inner.Write(offset, source);

            public void Read(long offset, Span<byte> target) => _inner.Read(offset, target);

            public void Discard(long offset, long bytes) => _inner.Discard(offset, bytes);

            public void Dispose()
            {
                _device.Outstanding--;
                _inner.Dispose();
            }
        }
    }
}
