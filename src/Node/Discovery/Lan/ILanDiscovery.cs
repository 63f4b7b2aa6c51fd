namespace Swarm.Node.Discovery.Lan;

/// <summary>Makes a node known on the local network and tells of others of its swarm there.</summary>
internal interface ILanDiscovery : IAsyncDisposable
{
    /// <summary>A node was announced, for the first time or again. Never called by two threads at once.</summary>
    event Action<LanHint>? Found;

    /// <summary>An announcement was taken back or has expired. Only the hint is gone; links stay.</summary>
    event Action<string>? Gone;

    /// <summary>Begins; handlers are registered by now.</summary>
    void Start();

    /// <summary>Takes this node's announcement back: it will leave soon.</summary>
    void Withdraw();
}
