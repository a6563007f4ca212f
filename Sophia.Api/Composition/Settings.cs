using Sophia.Memory;
using System.Reflection;
using Sophia.Memory.Hierarchy;

namespace Sophia.Api.Composition;

/// <summary>Reads the section Sophia and refuses what nobody would read: a misspelt setting is an error, not a default.</summary>
internal static class Settings
{
    public const string Section = "Sophia";

    /// <exception cref="ConfigurationException">An unknown setting or a value of the wrong form.</exception>
    public static (ApiOptions Api, MemoryOptions Memory) Read(IConfiguration configuration)
    {
        var section = configuration.GetSection(Section);
        RefuseUnknown(section, [typeof(ApiOptions), typeof(MemoryOptions)]);
        try
        {
            var api = section.Get<ApiOptions>() ?? new ApiOptions();
            Check(api);
            var memory = section.Get<MemoryOptions>() ?? new MemoryOptions();
            return memory.Validate() is { } problem ? throw new ConfigurationException(problem) : (api, memory);
        }
        catch (InvalidOperationException e)
        {
            throw new ConfigurationException($"A setting of {Section} has a value of the wrong form: {e.Message}");
        }
    }

    private static void Check(ApiOptions options)
    {
        if (string.IsNullOrWhiteSpace(options.DataDirectory))
        {
            throw new ConfigurationException("Sophia:DataDirectory is empty. Name a directory, such as ./data.");
        }

        if (options.MaxRequestBytes is < 1024 or > 1 << 30)
        {
            throw new ConfigurationException($"Sophia:MaxRequestBytes is {options.MaxRequestBytes}. Set it between 1,024 and 1,073,741,824 bytes.");
        }

        if (options.MaxBatchItems is < 1 or > 100_000)
        {
            throw new ConfigurationException($"Sophia:MaxBatchItems is {options.MaxBatchItems}. Set it between 1 and 100,000.");
        }

        if (options.DrainTimeout < TimeSpan.Zero || options.DrainTimeout > TimeSpan.FromMinutes(10))
        {
            throw new ConfigurationException($"Sophia:DrainTimeout is {options.DrainTimeout}. Set it between 00:00:00 and 00:10:00.");
        }

        if (options.HeartbeatInterval < TimeSpan.FromMilliseconds(100) || options.HeartbeatInterval > TimeSpan.FromHours(1))
        {
            throw new ConfigurationException($"Sophia:HeartbeatInterval is {options.HeartbeatInterval}. Set it between 00:00:00.1 and 01:00:00.");
        }
    }

    private static void RefuseUnknown(IConfigurationSection section, ReadOnlySpan<Type> types)
    {
        var known = new Dictionary<string, Type>(StringComparer.OrdinalIgnoreCase);
        foreach (var type in types)
        {
            foreach (var property in type.GetProperties(BindingFlags.Public | BindingFlags.Instance).Where(p => p.CanWrite))
            {
                known[property.Name] = property.PropertyType;
            }
        }

        foreach (var child in section.GetChildren())
        {
            if (!known.TryGetValue(child.Key, out var type))
            {
                var near = known.Keys.MinBy(name => Distance(name, child.Key));
                throw new ConfigurationException($"There is no setting {child.Path}. Did you mean {section.Path}:{near}?");
            }

            RefuseUnknownWithin(child, type);
        }
    }

    // Types of this product are walked into, also as elements of lists and values of dictionaries; anything else is the binder's to judge.
    private static void RefuseUnknownWithin(IConfigurationSection section, Type type)
    {
        type = Nullable.GetUnderlyingType(type) ?? type;
        if (type.IsGenericType && type.GetGenericArguments() is [.., var element] && IsOurs(element))
        {
            foreach (var item in section.GetChildren())
            {
                RefuseUnknown(item, [element]);
            }
        }
        else if (IsOurs(type))
        {
            RefuseUnknown(section, [type]);
        }
    }

    private static bool IsOurs(Type type) =>
        type is { IsClass: true, Namespace: { } ns } && (ns == Section || ns.StartsWith(Section + ".", StringComparison.Ordinal));

    // Levenshtein: few short names, once at start.
    private static int Distance(string a, string b)
    {
        var row = Enumerable.Range(0, b.Length + 1).ToArray();
        for (var i = 1; i <= a.Length; i++)
        {
            var diagonal = row[0];
            row[0] = i;
            for (var j = 1; j <= b.Length; j++)
            {
                var above = row[j];
                var cost = char.ToUpperInvariant(a[i - 1]) == char.ToUpperInvariant(b[j - 1]) ? 0 : 1;
                row[j] = Math.Min(Math.Min(row[j] + 1, row[j - 1] + 1), diagonal + cost);
                diagonal = above;
            }
        }

        return row[^1];
    }
}
