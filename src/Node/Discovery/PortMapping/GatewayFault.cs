namespace Swarm.Node.Discovery.PortMapping;

/// <summary>Why there is no mapping; when several protocols fail, the later word says more.</summary>
internal enum GatewayFault
{
    /// <summary>No answer in time.</summary>
    Silent,

    /// <summary>The gateway does not speak this protocol.</summary>
    Unsupported,

    /// <summary>An answer that breaks the protocol, or a limit.</summary>
    Malformed,

    /// <summary>A refusal that more tries do not change.</summary>
    Refused,

    /// <summary>Somebody else has the external port.</summary>
    PortTaken,

    /// <summary>The gateway has no connection, or no room: later.</summary>
    Unavailable,

    /// <summary>Its owner has switched mapping off.</summary>
    NotAllowed,

    /// <summary>The mapping would end behind another gateway.</summary>
    DoubleNat,
}
