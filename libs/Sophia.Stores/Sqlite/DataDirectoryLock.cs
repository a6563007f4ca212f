using System.Globalization;
using Sophia.Memory.Stores;

namespace Sophia.Stores.Sqlite;

/// <summary>
/// The right of one process to a data directory: a file held open without sharing (on Unix an advisory flock, which the
/// system gives back however the process ends). A file beside it names the process that has it.
/// </summary>
internal sealed class DataDirectoryLock : IDisposable
{
    public const string FileName = "sophia.lock";

    // Beside it, since nobody else can read a file that is held without sharing.
    private const string HolderFileName = "sophia.pid";

    private readonly FileStream _file;

    private DataDirectoryLock(FileStream file) => _file = file;

    /// <exception cref="StoreInUseException">Another process has it.</exception>
    public static DataDirectoryLock Take(string dataDirectory)
    {
        var path = Path.Combine(dataDirectory, FileName);
        FileStream file;
        try
        {
            file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException e) when (e is not (FileNotFoundException or DirectoryNotFoundException or PathTooLongException))
        {
            throw new StoreInUseException(
                $"The data directory '{dataDirectory}' is in use by {Holder(dataDirectory)}. Stop that process, or give this one a directory of its own " +
                "(Sophia__DataDirectory), or configure PostgreSQL, which several processes can share.", e);
        }

        try
        {
            File.WriteAllText(Path.Combine(dataDirectory, HolderFileName), Environment.ProcessId.ToString(CultureInfo.InvariantCulture));
        }
        catch
        {
            file.Dispose();
            throw;
        }

        return new DataDirectoryLock(file);
    }

    public void Dispose() => _file.Dispose();

    private static string Holder(string dataDirectory)
    {
        try
        {
            var text = File.ReadAllText(Path.Combine(dataDirectory, HolderFileName));
            return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var id) ? $"process {id}" : "another process";
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return "another process"; // it is just starting, or belongs to another user
        }
    }
}
