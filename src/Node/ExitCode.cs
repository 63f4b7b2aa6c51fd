namespace Swarm.Node;

/// <summary>What the process tells its caller; scripts rely on these numbers.</summary>
public static class ExitCode
{
    /// <summary>All went well.</summary>
    public const int Ok = 0;

    /// <summary>It did not work, for a reason outside the arguments.</summary>
    public const int Failed = 1;

    /// <summary>The arguments, or the files they name, cannot be used.</summary>
    public const int Usage = 2;

    /// <summary>No route covers the model.</summary>
    public const int NoRoute = 3;

    /// <summary>Ended by Ctrl-C, as shells count it: 128 + SIGINT.</summary>
    public const int Interrupted = 130;
}
