namespace Swarm.Protocol.Relaying;

/// <summary>What a relay gives away, each figure with its reason.</summary>
public sealed record RelayOptions
{
    /// <summary>128 reservations, go-libp2p's figure.</summary>
    public int ReservationsMax { get; init; } = 128;

    /// <summary>8 of them for one address: the devices of a household.</summary>
    public int ReservationsPerAddressMax { get; init; } = 8;

    /// <summary>A reservation lives an hour; it is renewed at half of that, and ends with its link.</summary>
    public TimeSpan ReservationLife { get; init; } = TimeSpan.FromHours(1);

    /// <summary>16 circuits from one peer, and 16 to one.</summary>
    public int CircuitsPerPeerMax { get; init; } = 16;

    /// <summary>128 circuits in all.</summary>
    public int CircuitsMax { get; init; } = 128;

    /// <summary>A circuit ends after an hour; whoever needs it still asks for another.</summary>
    public TimeSpan CircuitLife { get; init; } = TimeSpan.FromHours(1);

    /// <summary>
    /// 4 GiB an hour for one caller: a decode step of a wide model is 16 KiB, so that is a token every 15 ms.
    /// </summary>
    public long BytesPerPeerPerHourMax { get; init; } = 4L << 30;
}
