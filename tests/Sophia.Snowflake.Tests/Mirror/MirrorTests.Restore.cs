using Microsoft.Extensions.Logging.Abstractions;
using Sophia.Memory.Hierarchy;
using Sophia.Snowflake.Flushing;
using Sophia.Snowflake.Mirror;
using Sophia.Tests.Infrastructure;

namespace Sophia.Snowflake.Tests.Mirror;

public partial class MirrorTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_forget_erases_rows_of_before_a_restore_whose_numbers_are_higher(bool bySelf)
    {
        var backup = Directory.CreateTempSubdirectory("sophia-backup-").FullName;
        foreach (var file in Directory.GetFiles(_running.Directory, "*.db*"))
        {
            File.Copy(file, Path.Combine(backup, Path.GetFileName(file)));
        }

        await _running.PutAsync("b", "of no matter");
        await _running.PutAsync("c", "of no matter");
        await _running.PutAsync("d", "of no matter");
        await _running.PutAsync("a", "one secret");
        await FlushAsync();
        await using var restored = await RunningMemory.StartAsync(directory: backup);
        restored.Clock.Advance(TimeSpan.FromHours(1));
        using var mirror = new LogMirror(restored.Memory, Options, "node", NullLogger.Instance);
        await using var flush = new SnowflakeFlush(_lake, [mirror], Options, restored.Clock, NullLogger.Instance);
        restored.Memory.Archive = bySelf ? new MirrorArchive(mirror, flush, Options with { EraseTimeout = TimeSpan.FromSeconds(20) }, isShared: false) : null;
        await restored.PutAsync("a", "two");
        await flush.FlushAsync(CancellationToken.None);
        Assert.Equal(1, await CountAsync("content like '%secret%'"));

        var proof = await restored.Memory.ForgetAsync(restored.Notes, new ForgetRequest { Keys = ["a"] }, new Trail(), CancellationToken.None);
        if (!bySelf)
        {
            // The tombstone and what is written behind it in one batch.
            await restored.PutAsync("a", "anew");
            await flush.FlushAsync(CancellationToken.None);
        }

        Assert.Equal(bySelf ? 2 : 0, proof.Archived);
        Assert.Equal(bySelf ? [] : [["anew"]], await _lake.QueryAsync("select content from sophia_ai_memory.memory_current where record_key = 'a'"));
        Assert.Equal(0, await CountAsync("content like '%secret%'"));
        Assert.Equal([[0L]], await _lake.QueryAsync("select count(*) from sophia_ai_memory.memory_vectors_256 v left join sophia_ai_memory.memory_log l on l.sequence = v.sequence and l.record_id = v.record_id where l.content is null"));
    }
}
