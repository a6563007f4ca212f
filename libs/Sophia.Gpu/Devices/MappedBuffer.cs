using System.IO.MemoryMappedFiles;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Sophia.Gpu.Devices;

/// <summary>
/// A block of memory that is a file, so that the system can write it out and take its memory when that is short. The
/// file's blocks are allocated before it is mapped: a store into a hole of a full disk would end the process. Where the system
/// allows it, the file has no name from then on: nobody can cut it short, which would end the process too, and nothing is left behind.
/// What is damaged in it is found by the sums of <see cref="Vectors.VectorPages"/>.
/// </summary>
internal sealed unsafe partial class MappedBuffer : IPageMemory
{
    private const int DontNeed = 4;
    private readonly string _path;
    private readonly long _bytes;
    private readonly MemoryMappedFile _file;
    private readonly MemoryMappedViewAccessor _view;
    private bool _isDisposed;

    private MappedBuffer(string path, long bytes)
    {
        (_path, _bytes) = (path, bytes);
        var stream = new FileStream(path, new FileStreamOptions
        {
            Mode = FileMode.CreateNew, Access = FileAccess.ReadWrite, Share = FileShare.ReadWrite | FileShare.Delete, PreallocationSize = bytes, BufferSize = 0,
        });
        try
        {
            stream.SetLength(bytes);
            AllocateBlocks(stream, bytes);
            _file = MemoryMappedFile.CreateFromFile(stream, null, bytes, MemoryMappedFileAccess.ReadWrite, HandleInheritability.None, leaveOpen: false);
            _view = _file.CreateViewAccessor(0, bytes);
        }
        catch
        {
            _file?.Dispose();
            stream.Dispose();
            File.Delete(path);
            throw;
        }

        if (!OperatingSystem.IsWindows())
        {
            File.Delete(path);
        }

        byte* pointer = null;
        _view.SafeMemoryMappedViewHandle.AcquirePointer(ref pointer);
        Pointer = pointer;
    }

    public byte* Pointer { get; private set; }

    public bool IsResident => false;

    public bool IsZeroed => true;

    /// <exception cref="IOException">The disk is full, or the file cannot be made.</exception>
    /// <exception cref="UnauthorizedAccessException">The folder may not be written.</exception>
    public static MappedBuffer Create(string path, long bytes) => new(path, bytes);

    /// <summary>
    /// Takes the pages out of the process: of a shared mapping they stay in the system's cache, changes included, until it
    /// has written them and wants the memory for something else.
    /// </summary>
    public void Settle()
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        if (OperatingSystem.IsLinux())
        {
            // Advice only: without it the pages are as right, and stay until memory is short.
            _ = Advise((nint)Pointer, (nuint)_bytes, DontNeed);
        }
    }

    // The size asked for above is a wish that a file system without the call does not hear; this one writes where it must.
    private static void AllocateBlocks(FileStream stream, long bytes)
    {
        if (OperatingSystem.IsLinux() && Allocate(stream.SafeFileHandle, 0, (nint)bytes) is not 0 and var error)
        {
            throw new IOException($"{stream.Name} could not be given {bytes:N0} bytes of the disk (error {error}).");
        }
    }

    [LibraryImport("libc", EntryPoint = "posix_fallocate")]
    private static partial int Allocate(SafeFileHandle file, nint offset, nint length);

    [LibraryImport("libc", EntryPoint = "madvise")]
    private static partial int Advise(nint address, nuint length, int advice);

    public void Dispose()
    {
        if (!_isDisposed)
        {
            _isDisposed = true;
            Pointer = null;
            _view.SafeMemoryMappedViewHandle.ReleasePointer();
            _view.Dispose();
            _file.Dispose();

            // Elsewhere it went when it was mapped, and its folder may be gone since.
            if (OperatingSystem.IsWindows())
            {
                File.Delete(_path);
            }
        }
    }
}
