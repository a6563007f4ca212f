namespace Sophia.Gpu.StaticModels;

/// <summary>The file is no safetensors file, or is damaged; the message says where.</summary>
public sealed class SafetensorsException(string message, Exception? inner = null) : Exception(message, inner);
