using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Sophia.Gpu.Devices;
using Sophia.Gpu.Pools;

/// <summary>
/// Runs in a node's own process before its program (DOTNET_STARTUP_HOOKS names this assembly) and puts another device in the place of the
/// node's: host memory whose kernel check fails while a file is there, as that of a GPU that answers its driver and computes nothing, or, when the
/// file is not empty, as that of one that the process has lost. The
/// check of each minute would find that; a scan in flight finds it at once, and so does this device. There is no GPU here whose check could be made to fail. Everything else in the process is the program's.
/// </summary>
[SuppressMessage("Design", "CA1050:Declare types in namespaces", Justification = "The runtime looks for this name, without a namespace.")]
internal sealed class StartupHook
{
    private const string File = "SICK_DEVICE_FILE";

    public static void Initialize() => DiagnosticListener.AllListeners.Subscribe(new Listener());

    private sealed class Listener : IObserver<DiagnosticListener>, IObserver<KeyValuePair<string, object?>>
    {
        public void OnNext(DiagnosticListener value)
        {
            if (value.Name == "Microsoft.Extensions.Hosting")
            {
                value.Subscribe(this);
            }
        }

        public void OnNext(KeyValuePair<string, object?> value)
        {
            // The client of the cluster has a host of its own, without devices.
            if (value is { Key: "HostBuilding", Value: IHostBuilder builder })
            {
                builder.ConfigureServices(static services =>
                {
                    if (services.Any(static service => service.ServiceType == typeof(GpuNode)))
                    {
                        services.AddSingleton(static _ => Open());
                    }
                });
            }
        }

        private static GpuNode Open()
        {
            var device = new SickDevice();
            var node = GpuNode.Open(new PoolOptions { Node = "sick", HostBytes = 1L << 30 }, [device], TimeProvider.System);
            new Thread(() =>
            {
                while (true)
                {
                    if (device.Check().Failure is { } failure)
                    {
                        node.Devices[0].Gate.Close(failure);
                    }

                    Thread.Sleep(100);
                }
            }) { IsBackground = true }.Start();
            return node;
        }

        public void OnCompleted()
        {
        }

        public void OnError(Exception error)
        {
        }
    }

    private sealed class SickDevice : IDevice
    {
        private readonly HostDevice _host = new(1L << 30);

        public DeviceFacts Facts => _host.Facts;

        public long FreeBytes => _host.FreeBytes;

        public IDeviceMemory Reserve(long bytes) => _host.Reserve(bytes);

        public DeviceCheck Check()
        {
            var file = new FileInfo(Environment.GetEnvironmentVariable(File)!);
            return !file.Exists ? _host.Check()
                : file.Length == 0 ? new DeviceCheck("CUDA error 802 (system not yet initialized)", TimeSpan.Zero)
                : new DeviceCheck("CUDA error 700 (an illegal memory access was encountered).", TimeSpan.Zero) { IsLasting = true };
        }

        public void MeanRows(IDeviceMemory matrix, long offset, int width, ReadOnlySpan<int> ids, ReadOnlySpan<int> ends, Span<float> means) =>
            _host.MeanRows(matrix, offset, width, ids, ends, means);

        public void Dispose() => _host.Dispose();
    }
}
