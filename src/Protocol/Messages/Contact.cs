namespace Swarm.Protocol.Messages;

/// <summary>A node and its addresses, as one node names it to another.</summary>
public sealed partial class Contact
{
    private int _bytes;

    /// <summary>
    /// What this message was made from, or what its reader made of it; not part of the message. Who passes a contact on
    /// need not make it again.
    /// </summary>
    public object? Meaning { get; set; }

    /// <summary>Its size on the wire when it was measured first: for one that nobody changes.</summary>
    internal int Measure() => _bytes > 0 ? _bytes : _bytes = CalculateSize();
}
