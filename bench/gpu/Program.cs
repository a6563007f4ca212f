using Sophia.Bench.Gpu;
using Sophia.Gpu.Devices;
using Sophia.Gpu.Devices.Ilgpu;

Arguments arguments;
try
{
    arguments = Arguments.Read(args);
}
catch (ArgumentException e)
{
    Console.Error.WriteLine($"{e.Message}\n{Arguments.Usage}");
    return 2;
}

var devices = arguments.OnCpu ? [IlgpuDevice.Simulated(1L << 30)] : IlgpuDevice.Cuda();
if (devices.Count <= arguments.Device)
{
    Console.Error.WriteLine(devices.Count == 0
        ? $"No CUDA device was found. {CudaDriver.WhyNone()} Or try the program with --cpu."
        : $"There is no device {arguments.Device}; the machine has {devices.Count}.");
    return 3;
}

var device = devices[arguments.Device];
try
{
    using var sensors = Sensors.Of(device.Facts);
    var report = new Report(device.Facts, arguments, sensors);
    if (device.Check() is { IsHealthy: false } sick)
    {
        Console.Error.WriteLine($"The device does not compute: {sick.Failure}");
        return 4;
    }

    double? bandwidth = null;
    report.Try("read-sum", () => bandwidth = Bandwidth.Measure(device, arguments, report));
    foreach (var (kind, target) in ((RowKind, double?)[])[(RowKind.Codes, 0.90), (RowKind.Halves, 0.90), (RowKind.Floats, null)])
    {
        report.Try($"one query, {ScanBench.NameOf(kind)}", () => ScanBench.Run(device, arguments, kind, arguments.Rows, 1, "one query", target, bandwidth, report));
    }

    var pool = arguments.PoolBytes > 0 ? arguments.PoolBytes : arguments.OnCpu ? 1 << 18 : device.Facts.TotalBytes / 5;
    report.Try("one query, whole pool", () => ScanBench.Run(
        device, arguments, RowKind.Codes, StoredRows.RowsIn(pool, RowKind.Codes, arguments.Dimensions), 1, "one query, whole pool", 0.85, bandwidth, report));
    var many = arguments.OnCpu ? 3 : 64;
    report.Try($"{many} queries, int8", () => ScanBench.Run(device, arguments, RowKind.Codes, arguments.Rows, many, $"{many} queries", null, bandwidth, report));
    report.Try($"{many} queries, float16", () =>
    {
        var halves = ScanBench.Run(device, arguments, RowKind.Halves, arguments.Rows, many, $"{many} queries", null, bandwidth, report);
        if (!arguments.OnCpu)
        {
            Torch.Compare(arguments, many, halves, report);
        }
    });
    report.Try("streaming", () => StreamBench.Run(device, arguments, pool, report));
    foreach (var (kind, rows) in ((RowKind, int)[])[(RowKind.Codes, arguments.Rows), (RowKind.Halves, Math.Min(arguments.Rows, 2_000_000))])
    {
        report.Try($"filters, {ScanBench.NameOf(kind)}", () => FilterBench.Run(device, arguments, kind, rows, many, bandwidth, report));
        report.Try($"rows removed and units missing, {ScanBench.NameOf(kind)}", () => AbsenceBench.Run(device, arguments, kind, many, report));
    }

    report.Try("means of rows", () => MeanBench.Run(device, arguments, report));
    report.Print();
    return report.IsRight ? 0 : 1;
}
finally
{
    foreach (var each in devices)
    {
        each.Dispose();
    }
}
