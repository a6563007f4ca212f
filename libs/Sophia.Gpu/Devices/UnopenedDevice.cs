namespace Sophia.Gpu.Devices;

/// <summary>A GPU that was found and could not be opened: the process does without it, as long as it lives.</summary>
/// <param name="Id">Its place on the node, as of <see cref="DeviceFacts"/>; driver where the driver itself refuses to begin.</param>
/// <param name="Model">As its driver names it; null where it does not.</param>
/// <param name="Uuid">As nvidia-smi -L prints it; null where the driver does not say.</param>
/// <param name="Reason">What it answered, and what to do.</param>
public sealed record UnopenedDevice(string Id, string? Model, string? Uuid, string Reason)
{
    /// <summary>Names it and says why: {id}: {reason}.</summary>
    public string Description => $"{Id}: {Reason}";
}
