namespace Swarm.Node.Generation;

/// <summary>How an origin feeds, watches and repairs its routes.</summary>
public sealed record GenerationOptions
{
    /// <summary>The numerics version of this program's compute.</summary>
    public uint Numerics { get; init; } = Inference.Numerics.Version;

    /// <summary>Positions of a prompt in one step: enough to share the weights' traffic and to fill a route.</summary>
    public int ChunkTokens { get; init; } = 32;

    /// <summary>A reservation outlives the origin by this much. 10 s: three heartbeats and a repair.</summary>
    public TimeSpan Lease { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>A ticket is worth nothing afterwards. One hour: clocks of home devices differ by minutes.</summary>
    public TimeSpan TicketLife { get; init; } = TimeSpan.FromHours(1);

    /// <summary>How long the offers of a model may take to be read.</summary>
    public TimeSpan ReadTimeout { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>How long a stage may take to answer that it opened, the dial included.</summary>
    public TimeSpan OpenTimeout { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>The same for a stage that has the session already: it may have to end a long chunk first.</summary>
    public TimeSpan ReopenTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long holders of missing blocks are waited for: with the rest, the error comes within 5 s.</summary>
    public TimeSpan CoveragePatience { get; init; } = TimeSpan.FromSeconds(3.5);

    /// <summary>How often the offers are read again meanwhile.</summary>
    public TimeSpan CoveragePoll { get; init; } = TimeSpan.FromMilliseconds(250);

    /// <summary>A step is overdue after this many times its usual (95th percentile) time.</summary>
    public double OverdueFactor { get; init; } = 4;

    /// <summary>Never sooner: a garbage collection or a busy core is no failure.</summary>
    public TimeSpan OverdueMin { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Never later, so that a stalled stage is found, and replaced, within 5 s.</summary>
    public TimeSpan OverdueMax { get; init; } = TimeSpan.FromSeconds(2.5);

    /// <summary>How long a stage may take to answer that it is still there.</summary>
    public TimeSpan ProbeTimeout { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>A stage that answers but sits on a token this long, or 8 times the usual, is given up.</summary>
    public TimeSpan StuckMin { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>The same for a chunk of a prompt, whose time nobody knows yet: a slow device needs it.</summary>
    public TimeSpan ChunkStuckMin { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>
    /// How long the stages behind a lost one may stand still with work they have; while they move they may go on, so
    /// that nothing is computed twice.
    /// </summary>
    public TimeSpan SettleMax { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Routes tried in a row without a single new token before the generation is given up.</summary>
    public int AttemptsMax { get; init; } = 8;
}
