using System.IO.MemoryMappedFiles;

namespace Sophia.Gpu.Devices;

/// <summary>
/// A block of memory that is a file, so that the system can write it out and take its memory when that is short. The
/// file's blocks are allocated before it is mapped: a store into a hole of a full disk would end the process. The file is
/// deleted when the block is given back.
/// </summary>
internal sealed unsafe class MappedBuffer : IPageMemory
{
    private readonly string _path;
    private readonly MemoryMappedFile _file;
    private readonly MemoryMappedViewAccessor _view;
    private bool _isDisposed;

    private MappedBuffer(string path, long bytes)
    {
        _path = path;
        var stream = new FileStream(path, new FileStreamOptions
        {
            Mode = FileMode.CreateNew, Access = FileAccess.ReadWrite, Share = FileShare.ReadWrite | FileShare.Delete, PreallocationSize = bytes, BufferSize = 0,
        });
        try
        {
            stream.SetLength(bytes);
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

        byte* pointer = null;
        _view.SafeMemoryMappedViewHandle.AcquirePointer(ref pointer);
        Pointer = pointer;
    }

    public byte* Pointer { get; private set; }

    public bool IsResident => false;

    /// <exception cref="IOException">The disk is full, or the file cannot be made.</exception>
    /// <exception cref="UnauthorizedAccessException">The folder may not be written.</exception>
    public static MappedBuffer Create(string path, long bytes) => new(path, bytes);

    public void Dispose()
    {
        if (!_isDisposed)
        {
            _isDisposed = true;
            Pointer = null;
            _view.SafeMemoryMappedViewHandle.ReleasePointer();
            _view.Dispose();
            _file.Dispose();
            File.Delete(_path);
        }
    }
}
