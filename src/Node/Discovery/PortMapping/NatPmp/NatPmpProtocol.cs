using System.Net;
using Swarm.Node.Discovery.PortMapping.Network;

namespace Swarm.Node.Discovery.PortMapping.NatPmp;

/// <summary>NAT Port Mapping Protocol, RFC 6886, with one gateway.</summary>
internal sealed class NatPmpProtocol(IGatewayNetwork network, Gateway gateway, TimeProvider time) : IMappingProtocol
{
    private readonly GatewayEpoch _epoch = new(time, isPcp: false);

    public string Name => "NAT-PMP";

    public async Task ProbeAsync(TimeSpan patience, CancellationToken cancel)
        => _ = await AskAddressAsync([patience], cancel);

    public async Task<Mapping> MapAsync(MappingRequest request, CancellationToken cancel)
    {
        // Asked first: a port behind an unusable address is not worth taking.
        IPAddress address = (await AskAddressAsync(PortMappingLimits.NatPmpPatience, cancel)).Reply.Address;
        PublicAddress.Require(address);
        NatPmpReply reply = await AskMapAsync(
            NatPmpRequest.Map(request, PortMappingLimits.Lifetime), request.InternalPort, cancel);

        return reply is { ExternalPort: > 0, Lifetime.Ticks: > 0 }
            ? new Mapping(new IPEndPoint(address, reply.ExternalPort), request.InternalPort, reply.Lifetime)
            : throw GatewayException.Malformed("it grants nothing");
    }

    public async Task<bool> StillHoldsAsync(Mapping mapping, CancellationToken cancel)
    {
        (NatPmpReply reply, bool hasState) = await AskAddressAsync(PortMappingLimits.NatPmpPatience, cancel);
        return hasState && reply.Address.Equals(mapping.External.Address);
    }

    public async Task ReleaseAsync(Mapping mapping, CancellationToken cancel)
        => _ = await AskMapAsync(NatPmpRequest.Delete(mapping.InternalPort), mapping.InternalPort, cancel);

    private Task<(NatPmpReply Reply, bool HasState)> AskAddressAsync(
        IReadOnlyList<TimeSpan> patience, CancellationToken cancel)
        => AskAsync(
            NatPmpRequest.Address(), reply => reply.Opcode is NatPmpRequest.AddressOpcode, patience, cancel);

    private async Task<NatPmpReply> AskMapAsync(byte[] question, int internalPort, CancellationToken cancel)
        => (await AskAsync(
            question,
            reply => reply.Opcode is NatPmpRequest.MapTcpOpcode
                && (reply.InternalPort == internalPort || reply.Result is not NatPmpResult.Success),
            PortMappingLimits.NatPmpPatience,
            cancel)).Reply;

    private async Task<(NatPmpReply Reply, bool HasState)> AskAsync(
        byte[] question, Func<NatPmpReply, bool> answers, IReadOnlyList<TimeSpan> patience, CancellationToken cancel)
    {
        NatPmpReply reply = await DatagramQuestion.AskAsync(
            network,
            gateway,
            question,
            datagram => NatPmpReply.Parse(datagram.Span) is { } read && answers(read) ? read : null,
            patience,
            time,
            cancel);
        bool hasState = _epoch.Observe(reply.Epoch);
        Check(reply.Result);
        return (reply, hasState);
    }

    private static void Check(NatPmpResult result)
    {
        if (result is NatPmpResult.Success)
        {
            return;
        }

        (GatewayFault fault, string why) = result switch
        {
            NatPmpResult.UnsupportedVersion => (GatewayFault.Unsupported, "it speaks another version"),
            NatPmpResult.NotAuthorized => (GatewayFault.NotAllowed, "its owner does not allow it"),
            NatPmpResult.NetworkFailure => (GatewayFault.Unavailable, "it has no connection"),
            NatPmpResult.NoResources => (GatewayFault.Unavailable, "it has no room"),
            _ => (GatewayFault.Refused, $"it refuses ({result})"),
        };

        throw new GatewayException(fault, $"The gateway maps no port by NAT-PMP: {why}.") { Code = (int)result };
    }
}
