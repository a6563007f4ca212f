using System.Diagnostics;
using Sophia.Gpu.Embedding;
using Sophia.Gpu.Shards;
using Sophia.Memory;
using Sophia.Memory.Hierarchy;
using Sophia.Memory.Records;
using Sophia.Stores.Sqlite;

var dir = Directory.CreateTempSubdirectory("sophia-bench").FullName;
var store = SqliteRecordStore.Create(dir, TimeProvider.System, null);
await using var memory = new MemoryHierarchy(store, null, new HostShardEngine(), new HashedEmbedder(), new MemoryOptions(), TimeProvider.System);
await memory.StartAsync(default);
var ns = await memory.NamespaceForWriteAsync("local", "bench", 0, default);
var words = File.ReadAllText(args.Length > 0 ? args[0] : "/usr/share/common-licenses/GPL-3").Split((char[])[' ', '\n'], StringSplitOptions.RemoveEmptyEntries);
for (var round = 0; round < 3; round++)
{
    var sw = Stopwatch.StartNew();
    const int perClient = 100;
    var r0 = round;
    await Task.WhenAll(Enumerable.Range(0, 8).Select(c => Task.Run(async () =>
    {
        var random = new Random(c + r0 * 100);
        for (var b = 0; b < perClient; b++)
        {
            var puts = new PutRequest[100];
            for (var i = 0; i < 100; i++)
            {
                var start = random.Next(words.Length - 120);
                var text = string.Join(' ', words.AsSpan(start, 110).ToArray());
                puts[i] = new PutRequest(new RecordDraft { Key = $"k{r0}-{c}-{b}-{i}", Content = System.Text.Encoding.UTF8.GetBytes(text).AsMemory(0, 512) });
            }
            await memory.PutAsync(ns, puts, null, new Trail(), default);
        }
    })));
    var t = sw.Elapsed;
    var now = await memory.NowAsync(ns, default);
    var search = await memory.SearchAsync(ns, new SearchRequest { Query = "license", MinSequence = now }, new Trail(), default);
    Console.WriteLine($"{8 * perClient * 100 / t.TotalSeconds:N0} records/s, shard caught up {(sw.Elapsed - t).TotalSeconds:N2} s later, hits {search.Hits.Count} of {search.RowsMatching}, rss {Environment.WorkingSet >> 20} MB");
}
