using System.Security.Cryptography;
using Microsoft.Extensions.Logging;
using Sophia.Memory.Models;

namespace Sophia.Gpu.Models;

/// <summary>The files of a model of files, and the sums that they have and must have.</summary>
public static partial class ModelFiles
{
    /// <summary>Writes the sums of all files down: a bit that changes in a file is seen at the next start only where its sum is set.</summary>
    public static void LogTo(ILogger logger, ModelCatalog models)
    {
        ArgumentNullException.ThrowIfNull(models);
        foreach (var model in models.All)
        {
            foreach (var file in model.Files)
            {
                if (file.IsChecked)
                {
                    LogChecked(logger, model.Name, file.Path, file.Sha256, file.Setting);
                }
                else
                {
                    LogSum(logger, model.Name, file.Path, file.Sha256, file.Setting);
                }
            }
        }
    }

    /// <summary>The files, each with its sum, in the order in which they count for the model's identity.</summary>
    /// <exception cref="ArgumentException">A sum is not the one that is set.</exception>
    /// <exception cref="IOException">A file cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">A file may not be read.</exception>
    internal static IReadOnlyList<ModelFile> Read(ModelOptions options)
    {
        (string Setting, string? Path, string? Expected)[] files =
        [
            (nameof(options.Sha256), options.Model, options.Sha256), (nameof(options.TokenizerSha256), options.Tokenizer, options.TokenizerSha256),
            (nameof(options.MergesSha256), options.Merges, options.MergesSha256), (nameof(options.DataSha256), DataOf(options), options.DataSha256),
        ];
        var read = new List<ModelFile>(files.Length);
        foreach (var (setting, path, expected) in files)
        {
            if (path is null)
            {
                continue;
            }

            using var stream = File.OpenRead(path);
            var found = Convert.ToHexStringLower(SHA256.HashData(stream));
            read.Add(expected is null || string.Equals(found, expected, StringComparison.OrdinalIgnoreCase) ? new ModelFile(setting, path, found) { IsChecked = expected is not null } : throw new ArgumentException(
                $"'{path}' has the SHA-256 {found}; {setting} says {expected}. The file is damaged, cut short or another one: get it again, or set {setting} to what it is."));
        }

        return read;
    }

    /// <summary>
    /// The file beside an ONNX file in which its tensors are, by the names that Optimum (model.onnx_data) and PyTorch (model.onnx.data) give it;
    /// ONNX Runtime reads it by itself. Null: none is there.
    /// </summary>
    internal static string? DataOf(ModelOptions options) => options.Kind != ModelKind.Onnx ? null
        : File.Exists($"{options.Model}_data") ? $"{options.Model}_data"
        : File.Exists($"{options.Model}.data") ? $"{options.Model}.data" : null;

    [LoggerMessage(Level = LogLevel.Information, Message = "Model {Model}: '{Path}' has the SHA-256 {Sum}, as Sophia:Models:{Model}:{Setting} says.")]
    private static partial void LogChecked(ILogger logger, string model, string path, string sum, string setting);

    [LoggerMessage(Level = LogLevel.Information, Message = "Model {Model}: '{Path}' has the SHA-256 {Sum}. Set Sophia:Models:{Model}:{Setting} to it, and a file that changes is refused.")]
    private static partial void LogSum(ILogger logger, string model, string path, string sum, string setting);
}
