using Swarm.Node.Discovery.PortMapping.Network;

namespace Swarm.Node.Discovery.PortMapping.Pcp;

/// <summary>Port Control Protocol, RFC 6887, with one gateway.</summary>
internal sealed class PcpProtocol : IMappingProtocol
{
    private readonly IGatewayNetwork _network;
    private readonly Gateway _gateway;
    private readonly TimeProvider _time;
    private readonly GatewayEpoch _epoch;
    private readonly byte[] _nonce = new byte[PcpRequest.NonceBytes];
    private bool _prefersFailure = true;

    public PcpProtocol(IGatewayNetwork network, Gateway gateway, TimeProvider time, Random random)
    {
        _network = network;
        _gateway = gateway;
        _time = time;
        _epoch = new GatewayEpoch(time, isPcp: true);
        random.NextBytes(_nonce);
    }

    public string Name => "PCP";

    public async Task ProbeAsync(TimeSpan patience, CancellationToken cancel)
        => _ = await AnnounceAsync([patience], cancel);

    public async Task<Mapping> MapAsync(MappingRequest request, CancellationToken cancel)
    {
        PcpReply reply = await AskMapAsync(request, cancel);

        if (reply.Result is PcpResult.UnsupportedOption && _prefersFailure)
        {
            _prefersFailure = false;
            reply = await AskMapAsync(request, cancel);
        }

        Check(reply);
        return reply is { Map.External: { Port: > 0 } external, Lifetime.Ticks: > 0 }
            ? new Mapping(external, request.InternalPort, reply.Lifetime)
            : throw GatewayException.Malformed("it grants nothing");
    }

    public async Task<bool> StillHoldsAsync(Mapping mapping, CancellationToken cancel)
        => await AnnounceAsync(PortMappingLimits.PcpPatience, cancel);

    public async Task ReleaseAsync(Mapping mapping, CancellationToken cancel)
        => Check((await AskAsync(
            PcpRequest.Delete(_gateway.Local, _nonce, mapping.InternalPort),
            reply => IsFor(reply, mapping.InternalPort),
            PortMappingLimits.PcpPatience,
            cancel)).Reply);

    private async Task<PcpReply> AskMapAsync(MappingRequest request, CancellationToken cancel)
        => (await AskAsync(
            PcpRequest.Map(_gateway.Local, _nonce, request, PortMappingLimits.Lifetime, _prefersFailure),
            reply => IsFor(reply, request.InternalPort),
            PortMappingLimits.PcpPatience,
            cancel)).Reply;

    // Whether the server still has the state it had when it was asked before.
    private async Task<bool> AnnounceAsync(IReadOnlyList<TimeSpan> patience, CancellationToken cancel)
    {
        (PcpReply reply, bool hasState) = await AskAsync(
            PcpRequest.Announce(_gateway.Local), reply => reply.Opcode is PcpOpcode.Announce, patience, cancel);

        // A server that does not know this question is a PCP server all the same.
        if (reply.Result is not PcpResult.UnsupportedOpcode)
        {
            Check(reply);
        }

        return hasState;
    }

    private async Task<(PcpReply Reply, bool HasState)> AskAsync(
        byte[] question, Func<PcpReply, bool> answers, IReadOnlyList<TimeSpan> patience, CancellationToken cancel)
    {
        PcpReply reply = await DatagramQuestion.AskAsync(
            _network,
            _gateway,
            question,
            datagram => PcpReply.Parse(datagram.Span) is { } read
                && (read.Result is PcpResult.UnsupportedVersion || answers(read)) ? read : null,
            patience,
            _time,
            cancel);

        return (reply, reply.Version != PcpRequest.Version || _epoch.Observe(reply.Epoch));
    }

    // The nonce is what a stranger who did not see the request cannot know.
    private bool IsFor(PcpReply reply, int internalPort)
        => reply.Map is { Protocol: PcpRequest.Tcp } map
            && map.Nonce == PcpMap.ReadNonce(_nonce)
            && map.InternalPort == internalPort;

    private static void Check(PcpReply reply)
    {
        if (reply.Result is PcpResult.Success)
        {
            return;
        }

        (GatewayFault fault, string why) = reply.Result switch
        {
            PcpResult.UnsupportedVersion => (GatewayFault.Unsupported, "it speaks another version"),
            PcpResult.NotAuthorized => (GatewayFault.NotAllowed, "its owner does not allow it"),
            PcpResult.NetworkFailure => (GatewayFault.Unavailable, "it has no connection"),
            PcpResult.NoResources or PcpResult.OverQuota => (GatewayFault.Unavailable, "it has no room"),
            PcpResult.CannotProvideExternal => (GatewayFault.PortTaken, "the external port is taken"),
            PcpResult.AddressMismatch => (GatewayFault.DoubleNat, "there is another gateway before it"),
            _ => (GatewayFault.Refused, $"it refuses ({reply.Result})"),
        };

        throw new GatewayException(fault, $"The gateway maps no port by PCP: {why}.")
        {
            Code = (int)reply.Result,
            RetryAfter = fault is GatewayFault.Unavailable ? reply.Lifetime : TimeSpan.Zero,
        };
    }
}
