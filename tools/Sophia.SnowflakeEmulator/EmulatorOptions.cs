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

    /// <summary>A running Sophia: then there are SOPHIA_EMBED, SOPHIA_SIMILARITY, SOPHIA_VECTOR_SEARCH and SOPHIA_RERANK, which call it.</summary>
    public EmulatorSophia? Sophia { get; set; }

    /// <summary>What stands for the cloud's gateways, for other external functions. Addresses that none stands for are not called.</summary>
    public List<EmulatorGateway> Gateways { get; } = [];
}

/// <summary>The service whose functions SQL calls.</summary>
internal sealed class EmulatorSophia
{
    /// <summary>Of the API or of a node of the GPU tier, such as http://localhost:5080.</summary>
    public string? Url { get; set; }

    /// <summary>The integration's; its SHA-256 stands in Sophia:ExternalFunctions:Integrations of the service.</summary>
    public string? Secret { get; set; }
}

/// <summary>A gateway: what external functions call under Prefix goes to Target.</summary>
internal sealed class EmulatorGateway
{
    /// <summary>https://…/, as in API_ALLOWED_PREFIXES.</summary>
    public string? Prefix { get; set; }

    /// <summary>What stands there instead; ends with a slash.</summary>
    public string? Target { get; set; }

    /// <summary>The header that the gateway adds; none by default.</summary>
    public string? SecretHeader { get; set; }

    public string? Secret { get; set; }
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
