namespace Sophia.SnowflakeEmulator;

/// <summary>Settings, under <c>Emulator</c> in the configuration (<c>Emulator__Database=/data/snow.duckdb</c>, <c>--Emulator:Database …</c>).</summary>
internal sealed class EmulatorOptions
{
    /// <summary>The file of the database; empty keeps it in memory.</summary>
    public string? Database { get; set; }

    /// <summary>Who may log in; with none, user SOPHIA gets a password that is made and printed at start.</summary>
    public List<EmulatorUser> Users { get; } = [];

    /// <summary>Listen on addresses other than loopback.</summary>
    public bool AllowRemote { get; set; }

    /// <summary>How long a session's token is good; the driver then renews it.</summary>
    public TimeSpan SessionLifetime { get; set; } = TimeSpan.FromHours(1);

    /// <summary>How long a session may be renewed without a new log-in.</summary>
    public TimeSpan MasterLifetime { get; set; } = TimeSpan.FromHours(4);

    /// <summary>How long a call waits for its statement before it answers "in progress".</summary>
    public TimeSpan AnswerWithin { get; set; } = TimeSpan.FromSeconds(40);

    public int MaxSessions { get; set; } = 1000;

    /// <summary>Results kept per session for repeats and late readers; the oldest go first.</summary>
    public int KeptResults { get; set; } = 50;

    /// <summary>Rows that an answer holds itself; the others go into chunks.</summary>
    public int FirstRows { get; set; } = 1000;

    /// <summary>Bytes of JSON after which an answer takes no further row.</summary>
    public int FirstBytes { get; set; } = 256 << 10;

    /// <summary>Bytes of JSON, before compression, after which a chunk ends.</summary>
    public int ChunkBytes { get; set; } = 4 << 20;

    /// <summary>How long a chunk's address is good.</summary>
    public TimeSpan ChunkLifetime { get; set; } = TimeSpan.FromHours(6);

    /// <summary>What all chunks may take on disk; a statement that would take more fails.</summary>
    public long MaxChunkBytes { get; set; } = 8L << 30;
}

/// <summary>A user, by any of the ways that are given.</summary>
internal sealed class EmulatorUser
{
    public string Name { get; set; } = "";
    public string? Password { get; set; }

    /// <summary>For key-pair log-in: the RSA public key as PEM, or its base64 alone, as in <c>ALTER USER … SET RSA_PUBLIC_KEY</c>.</summary>
    public string? PublicKey { get; set; }

    /// <summary>Programmatic access tokens and OAuth tokens that are this user's.</summary>
    public List<string> Tokens { get; } = [];
}

internal sealed class EmulatorConfigurationException(string message) : Exception(message);
