using System.Text;
using CsCheck;
using Sophia.Cli.Import;

namespace Sophia.Tests.Cli;

public sealed class NdjsonLinesTests
{
    [Fact]
    public Task Lines_come_whole_and_their_offsets_are_where_the_next_begins() =>
        Gen.String.Array[0, 30].Select(static lines => string.Join('\n', lines.Select(static l => l.Replace("\n", "", StringComparison.Ordinal))))
            .SampleAsync(async text =>
            {
                var bytes = Encoding.UTF8.GetBytes(text);
                var lines = new NdjsonLines(new MemoryStream(bytes), 0);
                var (read, at) = (new List<byte>(), 0L);
                while (await lines.ReadAsync(CancellationToken.None) is { } line)
                {
                    read.AddRange(line.Bytes!.Value.Span);
                    at += line.Bytes.Value.Length;
                    if (line.EndOffset > at)
                    {
                        read.Add((byte)'\n');
                        at++;
                    }
                    Assert.Equal(at, line.EndOffset);
                }
                Assert.Equal(bytes, read);
            }, iter: 200);

    [Fact]
    public async Task A_line_that_is_too_long_is_passed_over_and_the_next_is_read()
    {
        var text = Encoding.UTF8.GetBytes("short\n" + new string('x', 300_000) + "\nafter\n");
        var lines = new NdjsonLines(new MemoryStream(text), 0, maxLineBytes: 100_000);
        Assert.Equal("short", Encoding.UTF8.GetString((await lines.ReadAsync(default))!.Value.Bytes!.Value.Span));
        var tooLong = (await lines.ReadAsync(default))!.Value;
        Assert.Null(tooLong.Bytes);
        Assert.Equal(300_007, tooLong.EndOffset);
        Assert.Equal("after", Encoding.UTF8.GetString((await lines.ReadAsync(default))!.Value.Bytes!.Value.Span));
        Assert.Null(await lines.ReadAsync(default));
    }
}
