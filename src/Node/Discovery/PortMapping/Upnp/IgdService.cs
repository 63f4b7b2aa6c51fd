namespace Swarm.Node.Discovery.PortMapping.Upnp;

/// <summary>A part of a gateway that maps ports.</summary>
/// <param name="Kind">Its type, with its version.</param>
/// <param name="Control">Where it takes questions.</param>
internal sealed record IgdService(string Kind, Uri Control)
{
    // Best first.
    private static readonly string[] Kinds =
    [
        "urn:schemas-upnp-org:service:WANIPConnection:2",
        "urn:schemas-upnp-org:service:WANIPConnection:1",
        "urn:schemas-upnp-org:service:WANPPPConnection:1",
    ];

    /// <summary>How good it is, 0 the best; negative when it maps no ports.</summary>
    public int Rank => Array.IndexOf(Kinds, Kind);

    /// <summary>Whether it chooses a free port by itself.</summary>
    public bool ChoosesPort => Rank == 0;
}
