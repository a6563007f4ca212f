using System.Diagnostics.Metrics;
using Microsoft.Extensions.Time.Testing;
using Sophia.Gpu.Health;

namespace Sophia.Gpu.Tests.Health;

public sealed class GpuSensorsTests
{
    [Fact]
    public void Without_a_driver_nothing_is_reported()
    {
        using var sensors = new GpuSensors(new FakeTimeProvider(), "/not/there/libnvidia-ml.so.1");
        Assert.Empty(sensors.Read());
        Assert.Null(sensors.Failure);
    }

    [SkippableFact]
    public void Each_value_is_the_drivers_in_its_unit_and_what_a_GPU_does_not_report_is_missing()
    {
        using var driver = new StandInDriver();
        using var sensors = new GpuSensors(new FakeTimeProvider(), driver.Path);
        Assert.Equal(
            [
                new GpuReading("GPU-a", "Stand-in", 150_754_820_096, 5_368_709_120, 0.75, 0.2, 61, 412.5, 1980, 2619, 7, 2, 0, null, null),
                new GpuReading("GPU-b", "Stand-in", 150_754_820_096, 1, null, null, null, null, null, null, null, null, null, null, null),
            ],
            sensors.Read());
    }

    [SkippableFact]
    public void Xid_events_are_counted_though_nobody_reads()
    {
        using var driver = new StandInDriver();
        var clock = new FakeTimeProvider();
        using var sensors = new GpuSensors(clock, driver.Path);
        driver.Set("xid", 79);
        clock.Advance(TimeSpan.FromSeconds(10));
        Assert.True(SpinWait.SpinUntil(() => driver.Queued == 0, TimeSpan.FromSeconds(60)));
        driver.Set("xid", 48);
        var reading = sensors.Read()[0];
        Assert.Equal((2, 48), (reading.XidErrors, reading.LastXid));
    }

    [SkippableFact]
    public void A_lost_GPU_is_said_and_its_last_values_are_not_repeated()
    {
        using var driver = new StandInDriver();
        using var sensors = new GpuSensors(new FakeTimeProvider(), driver.Path);
        _ = sensors.Read();
        driver.Set("lose", 1);
        var reading = sensors.Read()[0];
        Assert.Equal("NVML error 15 (GPU is lost)", reading.Failure);
        Assert.Null(reading.TemperatureCelsius);
    }

    [SkippableFact]
    public void A_driver_that_refuses_is_said_and_one_that_is_not_loaded_is_no_driver()
    {
        using var driver = new StandInDriver();
        driver.Set("init", 15);
        using var refused = new GpuSensors(new FakeTimeProvider(), driver.Path);
        driver.Set("init", 9);
        using var absent = new GpuSensors(new FakeTimeProvider(), driver.Path);
        Assert.Equal("NVML error 15 (GPU is lost)", refused.Failure);
        Assert.Null(absent.Failure);
        Assert.Empty(refused.Read());
    }

    [SkippableFact]
    public async Task A_driver_that_does_not_answer_holds_up_nobody_and_is_said_and_so_does_the_end()
    {
        using var driver = new StandInDriver();
        var clock = new FakeTimeProvider();
        var sensors = new GpuSensors(clock, driver.Path);
        driver.Set("hang", 1);
        try
        {
            var reading = Task.Run(sensors.Read);
            Assert.True(SpinWait.SpinUntil(() => driver.IsHanging, TimeSpan.FromSeconds(60)));
            clock.Advance(DeviceThread.Patience);

            Assert.All(await reading.WaitAsync(TimeSpan.FromSeconds(60)), static gpu => Assert.Equal(("The NVIDIA driver does not answer.", (double?)null), (gpu.Failure, gpu.TemperatureCelsius)));
            Assert.Equal(["GPU-a", "GPU-b"], sensors.Read().Select(static gpu => gpu.Uuid));
            await Task.Run(sensors.Dispose).WaitAsync(TimeSpan.FromSeconds(60));
        }
        finally
        {
            driver.Set("hang", 0);
        }

        Assert.Empty(sensors.Read());
        Assert.True(SpinWait.SpinUntil(() => driver.Shutdowns == 1, TimeSpan.FromSeconds(60)));
    }

    [SkippableFact]
    public void A_driver_that_wakes_late_is_said_until_it_does()
    {
        using var driver = new StandInDriver();
        driver.Set("sleep", 1);
        using var sensors = new GpuSensors(new FakeTimeProvider(), driver.Path, TimeSpan.FromMilliseconds(50));
        Assert.Equal("The NVIDIA driver has not answered since the start.", sensors.Failure);
        Assert.Empty(sensors.Read());

        driver.Set("sleep", 0);

        Assert.True(SpinWait.SpinUntil(() => sensors.Failure is null, TimeSpan.FromSeconds(60)));
        Assert.Equal(2, sensors.Read().Count);
    }

    [SkippableFact]
    public void Meters_carry_the_readings_and_end_with_the_sensors()
    {
        using var driver = new StandInDriver();
        var sensors = new GpuSensors(new FakeTimeProvider(), driver.Path);
        var seen = new List<(string, double)>();
        using var listener = new MeterListener { InstrumentPublished = (i, l) => { if (i.Name.StartsWith("sophia.gpu.", StringComparison.Ordinal)) { l.EnableMeasurementEvents(i); } } };
        listener.SetMeasurementEventCallback<double>((i, value, tags, _) => seen.Add(($"{i.Name} {tags[0].Value}", value)));
        listener.Start();
        listener.RecordObservableInstruments();
        Assert.Contains(("sophia.gpu.power GPU-a", 412.5), seen);
        Assert.DoesNotContain(seen, s => s.Item1 == "sophia.gpu.power GPU-b");

        sensors.Dispose();
        sensors.Dispose();
        Assert.Equal(1, driver.Shutdowns);
        Assert.Empty(sensors.Read());
    }
}
