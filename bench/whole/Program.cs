using Sophia.Bench.Reporting;
using Sophia.Bench.Whole;
using Sophia.Gpu.Devices;

WholeArguments arguments;
try
{
    arguments = WholeArguments.Read(args);
}
catch (ArgumentException e)
{
    Console.Error.WriteLine($"{e.Message}\n{WholeArguments.Usage}");
    return 2;
}

var report = new Report();
Machine.Describe(report);
try
{
    await WholeBench.RunAsync(arguments, report);
    return 0;
}
catch (Exception e) when (e is ArgumentException or DeviceMemoryException)
{
    Console.Error.WriteLine(e.Message);
    return 3;
}
finally
{
    if (arguments.Json is { } file)
    {
        await report.SaveAsync(file);
    }
}
