using Swarm.Protocol.Identity;
using Swarm.Protocol.Messages;
using Swarm.Protocol.Wire;

namespace Swarm.Protocol.Transport;

/// <summary>What a node says of itself at the start of a link, and whom it will talk to.</summary>
public static class Hellos
{
    /// <summary>The oldest minor version of the protocol this program speaks.</summary>
    public const uint ProtocolMin = 1;

    /// <summary>The newest.</summary>
    public const uint ProtocolMax = 1;

    /// <summary>A Hello of this program for one swarm; addresses are the transport's to fill in.</summary>
    public static Hello Create(SwarmId swarm, uint numerics, string software, string name, bool server) => new()
    {
        Swarm = Google.Protobuf.ByteString.CopyFrom(swarm.ToByteArray()),
        ProtocolMin = ProtocolMin,
        ProtocolMax = ProtocolMax,
        Numerics = numerics,
        Software = software,
        Name = name,
        Server = server,
    };

    /// <summary>The same Hello with these addresses in it.</summary>
    internal static Hello WithAddresses(this Hello hello, IEnumerable<PeerAddress> addresses)
    {
        Hello named = hello.Clone();
        named.Addresses.Clear();
        named.Addresses.AddRange(addresses.Select(address => address.ToMessage()));
        return named;
    }

    /// <summary>What a peer says now; where it sees this node it may have said only at first.</summary>
    internal static Hello Renewing(this Hello fresh, Hello stale)
    {
        Hello renewed = fresh.Clone();
        renewed.Observed ??= stale.Observed;
        return renewed;
    }

    /// <summary>Whether these two can talk; null when they can, else why not.</summary>
    /// <exception cref="ProtocolException">The peer's Hello is malformed.</exception>
    internal static Fault? Refusal(Hello own, Hello theirs)
    {
        Check(theirs);

        if (theirs.Swarm != own.Swarm)
        {
            return new Fault { Code = FaultCode.OtherSwarm, Message = "The peer belongs to another swarm." };
        }

        if (theirs.ProtocolMin > own.ProtocolMax || theirs.ProtocolMax < own.ProtocolMin)
        {
            return new Fault
            {
                Code = FaultCode.Version,
                Message = $"One side speaks protocol {own.ProtocolMin} to {own.ProtocolMax}, the other "
                    + $"{theirs.ProtocolMin} to {theirs.ProtocolMax}; the older one must be updated.",
            };
        }

        return null;
    }

    private static void Check(Hello hello)
    {
        if (hello.Swarm.Length != SwarmId.Size || hello.ProtocolMin > hello.ProtocolMax)
        {
            throw new ProtocolException("A Hello names no swarm or no protocol version.");
        }

        if (hello.DialBack.Length is not 0 and not WireLimits.DialBackNonceBytes)
        {
            throw new ProtocolException($"A nonce has {WireLimits.DialBackNonceBytes} bytes.");
        }

        if (hello.Software.Length > WireLimits.NameLettersMax || hello.Name.Length > WireLimits.NameLettersMax)
        {
            throw new ProtocolException($"A Hello has a name of more than {WireLimits.NameLettersMax} letters.");
        }

        if (hello.Addresses.Count > WireLimits.AddressesMax
            || hello.Addresses.Any(address => address.Host.Length > WireLimits.HostLettersMax
                || address.Relay.Length is not 0 and not NodeId.Size))
        {
            throw new ProtocolException("A Hello lists too many or too long addresses.");
        }
    }
}
