namespace Swarm.Node;

/// <summary>A command cannot go on; the message is one line that tells a person what to do.</summary>
internal sealed class CommandException(int exitCode, string message) : Exception(message)
{
    public int ExitCode { get; } = exitCode;

    /// <summary>The arguments cannot be used.</summary>
    public static CommandException Usage(string message) => new(Swarm.Node.ExitCode.Usage, message);

    /// <summary>The arguments are fine, the world is not.</summary>
    public static CommandException Failed(string message) => new(Swarm.Node.ExitCode.Failed, message);
}
