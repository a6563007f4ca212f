using System.Security.Cryptography;
using Sophia.Gpu.Devices;
using Sophia.Gpu.Models;
using Sophia.Gpu.Pools;
using Sophia.Memory.Models;
using Sophia.Tests.Models;

namespace Sophia.Gpu.Tests.StaticModels;

/// <summary>Files of a model that are hostile, cut short, not readable or another model's: the start is refused with the setting and what is wrong.</summary>
public sealed class HostileFilesTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("sophia-static-").FullName;
    private readonly GpuNode _node = GpuNode.Open(new PoolOptions { HostBytes = 64 << 20, ModelsBytes = 1 << 20 }, [new HostDevice(64 << 20)], TimeProvider.System);

    public void Dispose()
    {
        _node.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private string Written(string name, byte[] bytes)
    {
        var path = Path.Combine(_folder, name);
        File.WriteAllBytes(path, bytes);
        return path;
    }

    private ModelOptions Options(string tokenizer, int rows = 64) => new()
    {
        Kind = ModelKind.Static, Tokenizer = tokenizer, Model = Written("model.safetensors", TinyStatic.Matrix("embedding.weight", rows, 6)),
    };

    private string Words() => Written("vocab.txt", System.Text.Encoding.UTF8.GetBytes(string.Join('\n', TinyStatic.Vocabulary)));

    private EmbeddingModel Create(ModelOptions options) => ModelFactory.Create("tiny", options, TimeProvider.System, _node.Devices[0]);

    private void AssertRefused(ModelOptions options, params string[] what)
    {
        var refused = Assert.Throws<ArgumentException>(() => Create(options)).Message;
        Assert.All(what.Append("Sophia:Models:tiny"), part => Assert.Contains(part, refused, StringComparison.Ordinal));
        Assert.Equal(0, _node.Devices[0][PoolKind.Models].Report().UsedPages);
    }

    [Fact]
    public void A_SentencePiece_file_of_no_bytes_is_refused() =>
        AssertRefused(Options(Written("tokenizer.model", [])), "tokenizer.model' cannot be read");

    [Fact]
    public void A_SentencePiece_file_with_pieces_and_nothing_else_is_refused() =>
        AssertRefused(Options(Written("tokenizer.model", new ProtoWriter().Message(1, new ProtoWriter().Text(1, "the").Float(2, 0).Number(3, 1)).ToArray())), "cannot be read");

    [Fact]
    public void A_SentencePiece_file_whose_normalisation_leads_out_of_its_table_is_refused_at_the_start() =>
        AssertRefused(Options(Written("tokenizer.model", [.. TinyPieces.Model("\u2581the"), .. Charsmap(0xfffffe00)])), "cannot be read");

    /// <summary>A normaliser whose table has one unit; repeated in the file, the fields of both are joined.</summary>
    private static byte[] Charsmap(uint unit)
    {
        byte[] table = [4, 0, 0, 0, .. BitConverter.GetBytes(unit), 0];
        return [0x1a, (byte)(table.Length + 2), 0x12, (byte)table.Length, .. table];
    }

    [Fact]
    public void A_vocabulary_of_more_tokens_than_the_matrix_has_rows_is_refused_with_both_numbers()
    {
        AssertRefused(Options(Words(), rows: 9), "10 tokens", "9 rows", "not of one model");
        AssertRefused(Options(Written("tokenizer.model", TinyPieces.Model("a", "b", "c")), rows: 5), "6 tokens", "5 rows");
        AssertRefused(Options(Written("tokenizer.model", TinyPieces.Model("a", "b", "c")), rows: 6) with { PieceIds = PieceIds.Fairseq }, "7 tokens", "6 rows");
        var pairs = Options(Written("vocab.json", """{"t":0,"h":1,"th":11}"""u8.ToArray()), rows: 11) with { Merges = Written("merges.txt", "#version: 0.2\nt h\n"u8.ToArray()) };
        AssertRefused(pairs, "12 tokens", "11 rows");
        Assert.Equal(6, Create(Options(Words(), rows: 10)).Dimensions);
    }

    [Theory]
    [InlineData("model.safetensors")]
    [InlineData("vocab.txt")]
    public void A_file_that_may_not_be_read_is_told_with_the_model_it_belongs_to(string name)
    {
        var options = Options(Words());
        var path = Path.Combine(_folder, name);
        using var held = new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.None);

        AssertRefused(options, name);
    }

    [Fact]
    public void One_flipped_bit_in_a_file_of_the_tokenizer_is_seen_where_its_sum_is_set()
    {
        var options = Options(Words());
        var sums = options with { TokenizerSha256 = Sum(options.Tokenizer!) };
        Assert.Equal(6, Create(sums).Dimensions);
        var bytes = File.ReadAllBytes(options.Tokenizer!);
        bytes[^1] ^= 1;
        File.WriteAllBytes(options.Tokenizer!, bytes);

        var refused = Assert.Throws<ArgumentException>(() => Create(sums)).Message;

        Assert.Contains("TokenizerSha256 says", refused, StringComparison.Ordinal);
        Assert.Contains("damaged, cut short or another one", refused, StringComparison.Ordinal);
        Assert.Contains("TokenizerSha256 is 'no'", Assert.Throws<ArgumentException>(() => Create(options with { TokenizerSha256 = "no" })).Message, StringComparison.Ordinal);
        Assert.Contains("MergesSha256 is set, and Merges is not", Assert.Throws<ArgumentException>(() => Create(options with { MergesSha256 = new string('0', 64) })).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_model_says_the_sums_of_its_files_so_that_they_can_be_set()
    {
        var options = Options(Words());
        Assert.Equal(
            [("Sha256", options.Model!, Sum(options.Model!)), ("TokenizerSha256", options.Tokenizer!, Sum(options.Tokenizer!))],
            Create(options).Files.Select(static file => (file.Setting, file.Path, file.Sha256)));
    }

    private static string Sum(string path) => Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(path)));
}
