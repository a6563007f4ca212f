using Sophia.SnowflakeEmulator;

try
{
    await using var app = await EmulatorHost.BuildAsync(args);
    await app.RunAsync();
    return 0;
}
catch (EmulatorConfigurationException error)
{
    await Console.Error.WriteLineAsync(error.Message);
    return 2;
}
