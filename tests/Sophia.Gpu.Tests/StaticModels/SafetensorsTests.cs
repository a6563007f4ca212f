using System.Diagnostics;
using CsCheck;
using Sophia.Gpu.StaticModels;

namespace Sophia.Gpu.Tests.StaticModels;

public sealed class SafetensorsTests : IDisposable
{
    private readonly string _path = Path.GetTempFileName();

    public void Dispose() => File.Delete(_path);

    private SafetensorsFile Open(byte[] bytes)
    {
        File.WriteAllBytes(_path, bytes);
        return SafetensorsFile.Open(_path);
    }

    [Theory]
    [InlineData("F32")]
    [InlineData("F16")]
    [InlineData("BF16")]
    [InlineData("F64")]
    public void Rows_are_read_as_float32(string type)
    {
        var tensor = Open(TinyStatic.Matrix("m", 5, 3, type)).Tensors["m"];
        using var file = File.OpenRead(_path);
        var rows = new float[6];
        SafetensorsFile.ReadRows(file, tensor, 2, rows);
        Assert.Equal(Enumerable.Range(6, 6).Select(i => TinyStatic.ValueOf(i)), rows);
    }

    [Theory]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}""", "its shape and type take 8")]
    [InlineData("""{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,12]}}""", "not within the file")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}""", "a hole or an overlap")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}""", "belong to no tensor")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}""", "a hole or an overlap")]
    [InlineData("""{"a":{"dtype":"F4","shape":[2],"data_offsets":[0,8]}}""", "unknown type")]
    [InlineData("""{"a":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}}""", "no whole number")]
    [InlineData("""{"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,8]}}""", "larger than a file")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}}""", "not within the file")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":["0",8]}}""", "not within the file")]
    [InlineData("""{"a":{"dtype":"F32","shape":2,"data_offsets":[0,8]}}""", "no dtype, shape")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", "no JSON")]
    [InlineData("""{"emb\ud800":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", "no Unicode")]
    [InlineData("""{"__metadata__":"pt","a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", "__metadata__ is no object")]
    [InlineData("""{"__metadata__":{"format":1},"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", "'format' of __metadata__ is no text")]
    [InlineData("""{"__metadata__":{"format":"\udc00"},"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", "no Unicode")]
    [InlineData("""[]""", "no JSON object")]
    [InlineData("""{"a":""", "no JSON")]
    public void What_does_not_keep_the_format_is_refused_and_says_where(string header, string what)
    {
        var refused = Assert.Throws<SafetensorsException>(() => Open(TinyStatic.File(header, new byte[8])));
        Assert.Contains(what, refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Metadata_that_are_no_UTF_8_are_refused()
    {
        var file = TinyStatic.File("""{"__metadata__":{"format":"??"},"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", new byte[8]);
        file[file.AsSpan().IndexOf("??"u8)] = 0xff;
        Assert.Contains("no Unicode", Assert.Throws<SafetensorsException>(() => Open(file)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_header_longer_than_the_file_reserves_nothing()
    {
        var bytes = TinyStatic.Matrix("m", 2, 2);
        bytes[5] = 0xff;
        Assert.Throws<SafetensorsException>(() => Open(bytes));
        Assert.Throws<SafetensorsException>(() => Open([]));
        Assert.Throws<SafetensorsException>(() => Open([1, 0, 0, 0, 0, 0, 0, 0]));
    }

    /// <summary>Minutes, if each axis were looked for from the first one on.</summary>
    [Fact]
    public void A_shape_of_many_axes_that_ends_in_an_object_is_refused_at_once()
    {
        var started = Stopwatch.GetTimestamp();
        var refused = Assert.Throws<SafetensorsException>(() => Open(TinyStatic.File(
            $$$"""{"a":{"dtype":"F32","shape":[{{{string.Concat(Enumerable.Repeat("1,", 200_000))}}}{}],"data_offsets":[0,8]}}""", new byte[8])));
        Assert.Contains("axis 200000 of tensor 'a' is no whole number", refused.Message, StringComparison.Ordinal);
        Assert.True(Stopwatch.GetElapsedTime(started) < TimeSpan.FromSeconds(5));
    }

    [Fact]
    public void A_hostile_file_is_an_error_and_never_a_crash()
    {
        var whole = TinyStatic.Matrix("matrix", 4, 4);
        Gen.Select(Gen.Int[0, whole.Length], Gen.Select(Gen.Int[0, whole.Length - 1], Gen.Byte).Array[0, 4]).Sample((length, changes) =>
        {
            var bytes = whole[..];
            foreach (var (at, value) in changes)
            {
                bytes[at] = value;
            }

            try
            {
                var file = Open(bytes[..length]);
                Assert.Equal(whole.Length, length);
                Assert.Equal(64, file.Tensors.Values.Sum(t => t.Bytes));
            }
            catch (SafetensorsException)
            {
                // Refused, which is right for what was cut or changed in its header.
            }
        }, iter: 2000, threads: 1);
    }
}
