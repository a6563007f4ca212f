using System.ComponentModel;
using Microsoft.Extensions.Configuration;

namespace Sophia.ServiceDefaults;

/// <summary>Settings that are whole numbers: the binder says of one that is none that it cannot be converted, and not how to write it.</summary>
internal static class WholeNumbers
{
    /// <exception cref="InvalidOperationException">The value is no number of the type; as the binder's, the message names both.</exception>
    public static void RefuseOthers(IConfigurationSection section, Type type)
    {
        if ((type != typeof(long) && type != typeof(int)) || section.Value is not { Length: > 0 } value)
        {
            return;
        }

        try
        {
            // As the binder reads it, 0x40000000 among what it takes.
            _ = TypeDescriptor.GetConverter(type).ConvertFromInvariantString(value);
        }
        catch (Exception error) when (error is ArgumentException or FormatException or OverflowException)
        {
            var most = type == typeof(long) ? long.MaxValue : int.MaxValue;
            throw new InvalidOperationException(
                $"'{value}' at '{section.Path}' is no whole number of at most {most:N0}. " +
                (section.Key.EndsWith("Bytes", StringComparison.OrdinalIgnoreCase) ? "Set it to a number of bytes, in digits alone, such as 12884901888 for 12 GiB." : "Set it to digits alone."),
                error);
        }
    }
}
