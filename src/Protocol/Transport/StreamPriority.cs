namespace Swarm.Protocol.Transport;

/// <summary>Which stream's frames go first when a link has a choice.</summary>
public enum StreamPriority
{
    /// <summary>Membership, session control, cancellations.</summary>
    Control = 0,

    /// <summary>Steps of a running generation.</summary>
    Decode = 1,

    /// <summary>Model parts and other large transfers.</summary>
    Bulk = 2,
}
