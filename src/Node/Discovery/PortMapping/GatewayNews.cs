namespace Swarm.Node.Discovery.PortMapping;

/// <summary>What may have ended a mapping.</summary>
internal enum GatewayNews
{
    /// <summary>Nothing happened.</summary>
    None,

    /// <summary>An interface of this device came, went or changed its address.</summary>
    NetworkChanged,

    /// <summary>Somebody said in the gateway's name that it has restarted.</summary>
    Announced,
}
