namespace Swarm.Node.Routing;

/// <summary>Where the origin learns who serves a model: the DHT in life.</summary>
public interface IOfferSource
{
    /// <summary>What is known now of the holders of a model.</summary>
    /// <param name="model">The manifest hash.</param>
    /// <param name="cancel">Ends the wait.</param>
    ValueTask<SwarmView> ReadAsync(ReadOnlyMemory<byte> model, CancellationToken cancel);
}
