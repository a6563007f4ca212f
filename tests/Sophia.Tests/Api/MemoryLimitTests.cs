using Sophia.Memory;

namespace Sophia.Tests.Api;

/// <summary>What is refused for being too large is held against what the process can have, not against what the collector takes for itself.</summary>
public sealed class MemoryLimitTests : IDisposable
{
    private const long GiB = 1L << 30;

    private readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("limit");

    public MemoryLimitTests() => Write("proc/meminfo", $"MemTotal:       {(25 * GiB) >> 10} kB\nMemFree:         1000 kB\n");

    [Theory]
    [InlineData("sys/fs/cgroup/memory.max")]
    [InlineData("sys/fs/cgroup/memory/memory.limit_in_bytes")]
    public void A_container_s_limit_is_all_of_it(string file)
    {
        Write(file, $"{8 * GiB}\n");

        var limit = MemoryLimit.Read(_root.FullName);

        Assert.Equal((8 * GiB, "this process's container is limited to"), (limit.Bytes, limit.Of));
    }

    [Theory]
    [InlineData("sys/fs/cgroup/memory.max", "max\n")]
    [InlineData("sys/fs/cgroup/memory.max", "68719476736\n")]
    [InlineData("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n")]
    public void Where_a_container_has_no_limit_or_a_larger_one_it_is_the_machine_s_memory(string file, string text)
    {
        Write(file, text);

        var limit = MemoryLimit.Read(_root.FullName);

        Assert.Equal((25 * GiB, "this machine has"), (limit.Bytes, limit.Of));
    }

    [Fact]
    public void Of_a_system_without_these_files_it_is_what_the_collector_says()
    {
        Directory.Delete(Path.Combine(_root.FullName, "proc"), recursive: true);

        Assert.Equal(AvailableMemory.Bytes, MemoryLimit.Read(_root.FullName).Bytes);
    }

    public void Dispose() => _root.Delete(recursive: true);

    private void Write(string file, string text)
    {
        var path = Path.Combine(_root.FullName, file);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, text);
    }
}
