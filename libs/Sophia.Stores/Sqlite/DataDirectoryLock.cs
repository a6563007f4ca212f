using System.Globalization;
using System.Text;
using Sophia.Memory.Stores;

namespace Sophia.Stores.Sqlite;

/// <summary>
/// The right of one process to a data directory: a file held open without sharing (on Unix an advisory flock, which the
/// system gives back however the process ends). It names the process that has it.
/// </summary>
internal sealed class DataDirectoryLock : IDisposable
{
    public const string FileName = "sophia.lock";

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
                $"The data directory '{dataDirectory}' is in use by {Holder(path)}. Stop that process, or give this one a directory of its own " +
                "(Sophia__DataDirectory), or configure PostgreSQL, which several processes can share.", e);
        }

        file.SetLength(0);
        file.Write(Encoding.ASCII.GetBytes(Environment.ProcessId.ToString(CultureInfo.InvariantCulture)));
        file.Flush();
        return new DataDirectoryLock(file);
    }

    public void Dispose() => _file.Dispose();

    private static string Holder(string path)
    {
        try
        {
            using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            using var reader = new StreamReader(file, Encoding.ASCII);
            return int.TryParse(reader.ReadToEnd(), NumberStyles.None, CultureInfo.InvariantCulture, out var id) ? $"process {id}" : "another process";
        }
        catch (IOException)
        {
            // Where locks are mandatory (Windows), the holder's file cannot be read either.
            return "another process";
        }
    }
}
