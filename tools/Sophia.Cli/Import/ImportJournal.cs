using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Sophia.Cli.Import;

/// <param name="Modified">UTC ticks of the file's last write when it was read.</param>
/// <param name="Chunks">How many chunks it gave.</param>
internal sealed record FileMark(long Size, long Modified, int Chunks);

/// <param name="Offset">Every line that ends at or before this byte has its receipt.</param>
/// <param name="Refused">How many of these lines were no records, or were rejected.</param>
internal sealed record LinesMark(long Size, long Modified, long Offset, long Lines, long Refused = 0);

internal sealed record JournalState
{
    /// <summary>Of the journal and of the splitter: another format means that everything is to be looked at again.</summary>
    public const int CurrentFormat = 1;

    public int Format { get; init; } = CurrentFormat;
    public string Server { get; init; } = "";
    public string Namespace { get; init; } = "";
    public string Source { get; init; } = "";

    /// <summary>Tells a namespace that was made anew from the one that was imported into.</summary>
    public DateTimeOffset? NamespaceCreatedAt { get; set; }
    public Dictionary<string, FileMark> Files { get; init; } = [];
    public LinesMark? Lines { get; set; }
}

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web)]
[JsonSerializable(typeof(JournalState))]
internal sealed partial class JournalJson : JsonSerializerContext;

/// <summary>
/// Which parts of a source a namespace has receipts for, kept between runs, so that a second run passes over them.
/// It only saves work: without it a run finds the same records unchanged.
/// </summary>
internal sealed class ImportJournal
{
    private readonly Lock _gate = new();
    private readonly string _path;
    private JournalState _state;

    private ImportJournal(string path, JournalState state) => (_path, _state) = (path, state);

    /// <summary>The folder for state of this user (XDG Base Directory Specification), or null when there is none.</summary>
    public static string? Folder(Func<string, string?> variable)
    {
        // The specification has relative paths in the variable ignored.
        if (variable("XDG_STATE_HOME") is { Length: > 0 } state && Path.IsPathRooted(state)) return Path.Combine(state, "sophia", "import");
        return variable("HOME") is { Length: > 0 } home ? Path.Combine(home, ".local", "state", "sophia", "import") : null;
    }

    /// <summary>The journal of this server, caller, namespace and source; an empty one when there is none that can be read.</summary>
    public static ImportJournal Open(string folder, string server, string caller, string @namespace, string source)
    {
        var id = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{server}\n{caller}\n{@namespace}\n{source}")))[..32];
        var path = Path.Combine(folder, id + ".json");
        var empty = new JournalState { Server = server, Namespace = @namespace, Source = source };
        try
        {
            using var file = File.OpenRead(path);
            var state = JsonSerializer.Deserialize(file, JournalJson.Default.JournalState);
            return new ImportJournal(path, state is { Format: JournalState.CurrentFormat } ? state : empty);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException)
        {
            // Absent, unreadable or torn: all mean that nothing is known to be done.
            return new ImportJournal(path, empty);
        }
    }

    public string Location => _path;

    public bool IsEmpty
    {
        get { lock (_gate) return _state.Files.Count == 0 && _state.Lines is null; }
    }

    public DateTimeOffset? NamespaceCreatedAt
    {
        get { lock (_gate) return _state.NamespaceCreatedAt; }
        set { lock (_gate) _state.NamespaceCreatedAt = value; }
    }

    public LinesMark? Lines
    {
        get { lock (_gate) return _state.Lines; }
        set { lock (_gate) _state.Lines = value; }
    }

    public FileMark? MarkOf(string path)
    {
        lock (_gate) return _state.Files.GetValueOrDefault(path);
    }

    public void Mark(string path, FileMark mark)
    {
        lock (_gate) _state.Files[path] = mark;
    }

    public void Clear()
    {
        lock (_gate) _state = new JournalState { Server = _state.Server, Namespace = _state.Namespace, Source = _state.Source };
    }

    /// <summary>Replaces the file in one step, so that an interrupted save leaves the former one.</summary>
    /// <exception cref="IOException">The file cannot be written.</exception>
    /// <exception cref="UnauthorizedAccessException">Likewise.</exception>
    public void Save()
    {
        byte[] text;
        lock (_gate) text = JsonSerializer.SerializeToUtf8Bytes(_state, JournalJson.Default.JournalState);
        Directory.CreateDirectory(Path.GetDirectoryName(_path)!);
        var next = $"{_path}.{Environment.ProcessId}.new";
        File.WriteAllBytes(next, text);
        File.Move(next, _path, overwrite: true);
    }
}
