using System.Globalization;
using System.Runtime.InteropServices;

namespace Sophia.Gpu.Health;

/// <summary>
/// NVIDIA's management library, which comes with the driver (docs.nvidia.com/deploy/nvml-api; layouts, constants and signatures compared with nvml.h of
/// NVML 13: github.com/NVIDIA/go-nvml, gen/nvml/nvml.h). Functions
/// are looked up one by one: a driver that lacks one answers for it as NVML itself does, with "function not found".
/// </summary>
internal sealed unsafe class NvmlLibrary(nint library) : IDisposable
{
    public const int Success = 0;
    public const int NotSupported = 3;
    public const int DriverNotLoaded = 9;
    public const int FunctionNotFound = 13;
    public const ulong XidEvent = 8;

    public int Init() => Export("nvmlInit_v2") is var f and not 0 ? ((delegate* unmanaged<int>)f)() : FunctionNotFound;

    public int Count(out uint count) => Ask("nvmlDeviceGetCount_v2", out count);

    public int Handle(uint index, out nint device)
    {
        device = 0;
        fixed (nint* target = &device)
        {
            return Export("nvmlDeviceGetHandleByIndex_v2") is var f and not 0 ? ((delegate* unmanaged<uint, nint*, int>)f)(index, target) : FunctionNotFound;
        }
    }

    /// <summary>A question whose answer is one value or structure: (out T).</summary>
    public int Ask<T>(string function, out T value)
        where T : unmanaged
    {
        value = default;
        fixed (T* target = &value)
        {
            return Export(function) is var f and not 0 ? ((delegate* unmanaged<T*, int>)f)(target) : FunctionNotFound;
        }
    }

    /// <summary>The same of a device: (device, out T).</summary>
    public int Ask<T>(string function, nint device, out T value)
        where T : unmanaged
    {
        value = default;
        fixed (T* target = &value)
        {
            return Export(function) is var f and not 0 ? ((delegate* unmanaged<nint, T*, int>)f)(device, target) : FunctionNotFound;
        }
    }

    /// <summary>The same with which one is meant: (device, kind, out T).</summary>
    public int Ask<T>(string function, nint device, int kind, out T value)
        where T : unmanaged
    {
        value = default;
        fixed (T* target = &value)
        {
            return Export(function) is var f and not 0 ? ((delegate* unmanaged<nint, int, T*, int>)f)(device, kind, target) : FunctionNotFound;
        }
    }

    public int Text(string function, nint device, out string? text)
    {
        const int Most = 96;
        var bytes = stackalloc byte[Most];
        var status = Export(function) is var f and not 0 ? ((delegate* unmanaged<nint, byte*, uint, int>)f)(device, bytes, Most) : FunctionNotFound;
        text = status == Success ? Marshal.PtrToStringUTF8((nint)bytes) : null;
        return status;
    }

    public int EccErrors(nint device, bool uncorrected, out ulong errors)
    {
        errors = 0;
        fixed (ulong* target = &errors)
        {
            return Export("nvmlDeviceGetTotalEccErrors") is var f and not 0
                ? ((delegate* unmanaged<nint, int, int, ulong*, int>)f)(device, uncorrected ? 1 : 0, 0, target) : FunctionNotFound;
        }
    }

    public int Register(nint device, ulong events, nint set) =>
        Export("nvmlDeviceRegisterEvents") is var f and not 0 ? ((delegate* unmanaged<nint, ulong, nint, int>)f)(device, events, set) : FunctionNotFound;

    public int NextEvent(nint set, out NvmlEvent happened)
    {
        happened = default;
        fixed (NvmlEvent* target = &happened)
        {
            return Export("nvmlEventSetWait_v2") is var f and not 0 ? ((delegate* unmanaged<nint, NvmlEvent*, uint, int>)f)(set, target, 0) : FunctionNotFound;
        }
    }

    public void FreeEvents(nint set)
    {
        if (Export("nvmlEventSetFree") is var f and not 0)
        {
            _ = ((delegate* unmanaged<nint, int>)f)(set);
        }
    }

    public string Describe(int status)
    {
        var text = Export("nvmlErrorString") is var f and not 0 ? Marshal.PtrToStringUTF8((nint)((delegate* unmanaged<int, byte*>)f)(status)) : null;
        return string.Create(CultureInfo.InvariantCulture, $"NVML error {status}{(text is null ? "" : $" ({text})")}");
    }

    public void Dispose()
    {
        if (Export("nvmlShutdown") is var f and not 0)
        {
            _ = ((delegate* unmanaged<int>)f)();
        }
    }

    private nint Export(string name) => NativeLibrary.TryGetExport(library, name, out var address) ? address : 0;
}

/// <summary>nvmlMemory_t</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct NvmlMemory
{
    public ulong Total;
    public ulong Free;
    public ulong Used;
}

/// <summary>nvmlUtilization_t, in per cent.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct NvmlUtilization
{
    public uint Gpu;
    public uint Memory;
}

/// <summary>nvmlEventData_t</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct NvmlEvent
{
    public nint Device;
    public ulong Type;
    public ulong Data;
    public uint GpuInstance;
    public uint ComputeInstance;
}
