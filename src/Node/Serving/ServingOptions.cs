using Swarm.Protocol.Identity;

namespace Swarm.Node.Serving;

/// <summary>What a node gives to the sessions of others.</summary>
public sealed record ServingOptions
{
    /// <summary>The numerics version of this program's compute.</summary>
    public uint Numerics { get; init; } = Inference.Numerics.Version;

    /// <summary>Memory for keys and values of all sessions. 1 GiB: 64 k positions of 8 blocks of a 1B model.</summary>
    public long KvBytesMax { get; init; } = 1L << 30;

    /// <summary>Sessions at once. 64: each has a control stream, two hops and an inbox.</summary>
    public int SessionsMax { get; init; } = 64;

    /// <summary>Sessions of one origin at once: a quarter, so that one asker cannot take a node for itself.</summary>
    public int SessionsPerOriginMax { get; init; } = 16;

    /// <summary>Steps of one session that may wait here; then its predecessor gets no more credit.</summary>
    public int InboxSteps { get; init; } = 4;

    /// <summary>How far the head runs ahead of the origin. 8 tokens hide 400 ms of round trip at 20 tokens/s.</summary>
    public int RunAheadTokens { get; init; } = 8;

    /// <summary>The longest lease an origin may ask for.</summary>
    public TimeSpan LeaseMax { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// How long the next stage may take to be dialled: TCP, TLS and Hello at the first of its addresses that answers,
    /// perhaps through a relay.
    /// </summary>
    public TimeSpan HopDialTimeout { get; init; } = TimeSpan.FromSeconds(4);

    /// <summary>How long a step may wait for the next stage's credit before that stage counts as stuck.</summary>
    public TimeSpan HopSendTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How tickets' signatures are checked, when not as in life: simulated keys are no curves.</summary>
    public SignatureCheck? Check { get; init; }

    /// <summary>What a refused session is told to wait.</summary>
    public TimeSpan RetryAfter { get; init; } = TimeSpan.FromSeconds(5);
}
