using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Sophia.Tests.Infrastructure;

/// <summary>
/// A port on which nobody listens, for a program that is started in a moment. It lies below the range from which the system takes the
/// ports of connections (net.ipv4.ip_local_port_range, from 32,768 by default), so no connection takes it meanwhile, nor while
/// a server is away that comes back; and a file that stays locked as long as this process lives keeps other test processes from it.
/// </summary>
internal static class FreePort
{
    private const int First = 20_000;
    private const int Count = 10_000;

    private static readonly string Folder = Directory.CreateDirectory(Path.Combine(Path.GetTempPath(), $"sophia-ports-{Environment.UserName}")).FullName;
    private static readonly List<FileStream> Taken = [];
    private static int _next = Random.Shared.Next(Count);

    /// <exception cref="InvalidOperationException">All are taken.</exception>
    public static int Take()
    {
        lock (Taken)
        {
            for (var tries = 0; tries < Count; tries++)
            {
                var port = First + (_next++ % Count);
                if (TryLock(port) is not { } file)
                {
                    continue;
                }

                Taken.Add(file);
                if (IsFree(port))
                {
                    return port;
                }
            }
        }

        throw new InvalidOperationException($"No port from {First} to {First + Count - 1} is free; see {Folder}.");
    }

    private static FileStream? TryLock(int port)
    {
        try
        {
            return new FileStream(
                Path.Combine(Folder, port.ToString(CultureInfo.InvariantCulture)), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, 1, FileOptions.DeleteOnClose);
        }
        catch (IOException)
        {
            return null;
        }
    }

    private static bool IsFree(int port)
    {
        using var listener = new TcpListener(IPAddress.Loopback, port);
        try
        {
            listener.Start();
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
