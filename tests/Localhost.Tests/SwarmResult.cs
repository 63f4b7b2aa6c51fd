namespace Swarm.Localhost.Tests;

/// <summary>What a process that ran to its end said.</summary>
internal sealed record SwarmResult(int ExitCode, string Output, string Errors)
{
    /// <summary>Everything written to standard error, as lines.</summary>
    public string[] ErrorLines => Errors.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
}
