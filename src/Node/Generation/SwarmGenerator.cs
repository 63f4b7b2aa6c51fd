using Swarm.Node.Routing;
using Swarm.Protocol.Identity;
using Swarm.Protocol.Transport;

namespace Swarm.Node.Generation;

/// <summary>The origin: turns prompt ids into token ids on the nodes of the swarm, whichever of them die.</summary>
public sealed class SwarmGenerator
{
    private readonly OriginContext _context;
    private readonly Random _random;

    /// <summary>An origin over a pool of links.</summary>
    /// <param name="pool">Dials the stages; nobody dials the origin.</param>
    /// <param name="key">Signs the tickets.</param>
    /// <param name="swarm">The swarm.</param>
    /// <param name="offers">Who serves what.</param>
    /// <param name="health">Which peers failed lately; shared by all generations of the node.</param>
    /// <param name="time">The clock.</param>
    /// <param name="random">Draws session ids, 128-bit secrets: in life seeded from the system's entropy.</param>
    /// <param name="options">How routes are fed and watched.</param>
    public SwarmGenerator(
        LinkPool pool,
        NodeKey key,
        SwarmId swarm,
        IOfferSource offers,
        PeerHealth health,
        TimeProvider time,
        Random random,
        GenerationOptions? options = null)
    {
        _context = new OriginContext(
            pool, key, swarm, offers, health, new PeerSpeeds(time), time, options ?? new GenerationOptions());
        _random = random;
    }

    /// <summary>Generates until a stop id, the most tokens, the end of the context, or the listener's wish.</summary>
    /// <exception cref="RouteException">No route, or no further one, carries the generation.</exception>
    /// <exception cref="Swarm.Protocol.FaultException">The model's arithmetic failed, as on every route.</exception>
    /// <exception cref="ArgumentException">The prompt is empty, too long, or names unknown ids.</exception>
    /// <exception cref="OperationCanceledException">The caller wants no more; every stage is told.</exception>
    public async Task<GenerationResult> GenerateAsync(
        GenerationRequest request,
        IGenerationListener listener,
        CancellationToken cancel)
    {
        Check(request);
        byte[] id = new byte[Protocol.Wire.WireLimits.SessionIdBytes];

        lock (_random)
        {
            _random.NextBytes(id);
        }

        await using var session = new OriginSession(_context, request, listener, id);
        return await session.RunAsync(cancel);
    }

    private static void Check(GenerationRequest request)
    {
        if (request.Prompt.Count == 0)
        {
            throw new ArgumentException("The prompt has no tokens.", nameof(request));
        }

        if (request.TokensMax < 1 || request.Prompt.Count >= request.ContextLength)
        {
            throw new ArgumentException(
                $"The prompt has {request.Prompt.Count} tokens; the model takes {request.ContextLength} in all.",
                nameof(request));
        }

        if (request.Prompt.Any(id => id < 0 || id >= request.VocabularySize))
        {
            throw new ArgumentException("The prompt names a token that the model does not know.", nameof(request));
        }
    }
}
