using System.Net;
using System.Net.Sockets;
using Swarm.Node.Discovery.Lan;
using Swarm.Node.Discovery.Lan.Wire;
using Swarm.Protocol.Identity;

namespace Swarm.Fuzz;

/// <summary>Packets of a local network, to a node that announces itself there and looks for others.</summary>
internal sealed class MdnsTarget() : PacketTarget("mdns", [.. Packets()])
{
    private static readonly SwarmId Swarm = SwarmId.FromName("fuzz");
    private static readonly IPAddress Own = IPAddress.Parse("192.168.77.2");
    private static readonly IPEndPoint Neighbour = new(IPAddress.Parse("192.168.77.3"), 5353);
    private static readonly LanInterface Interface = new(2, "lan0", [(Own, 24)]);

    // Slow enough for the rate at which packets are read.
    private static readonly TimeSpan Every = TimeSpan.FromMilliseconds(10);

    // What reads packets sees each, what remembers them one in so many: it has more to do.
    private const int HeardOneIn = 8;

    private readonly LanOutbox _outbox = new();
    private LanLane? _lane;
    private TimeSpan _now;
    private int _read;

    // 256 records with the longest names there are; and what a node then has to say.
    protected override (int Bytes, int Times) Allowed => (512 * 1024, 64);

    protected override void ReadPacket(ReadOnlySpan<byte> packet)
    {
        if (++_read % HeardOneIn == 0)
        {
            Hear(packet);
            return;
        }

        try
        {
            _ = DnsReader.Read(packet);
        }
        catch (DnsException)
        {
        }
    }

    private void Hear(ReadOnlySpan<byte> packet)
    {
        // A node of an hour is an old one: what it has heard should not be all that matters.
        if (_lane is null || _now > TimeSpan.FromHours(1))
        {
            var service = new LanService(FuzzKeys.Node.Id, Swarm, new IPEndPoint(IPAddress.Any, 4747));
            _now = TimeSpan.Zero;
            _lane = new LanLane(Interface, AddressFamily.InterNetwork, Swarm, service, Own.Equals, new Random(1));
            _lane.Start(_now);
        }

        _now += Every;
        _lane.OnPacket(packet, Neighbour, isOneShot: false, _now, _outbox);

        if (_lane.Count > LanLimits.InstancesMax)
        {
            throw new InvalidOperationException($"{_lane.Count} instances are remembered.");
        }

        while (_outbox.Packets.TryDequeue(out LanPacket? sent))
        {
            if (sent.Bytes.Length > DnsLimits.SentBytesMax4)
            {
                throw new InvalidOperationException($"A packet of {sent.Bytes.Length} bytes is sent.");
            }
        }

        _outbox.Found.Clear();
        _outbox.Gone.Clear();
    }

    private static IEnumerable<byte[]> Packets()
    {
        for (byte node = 1; node < 8; node++)
        {
            var id = NodeId.Read([node, .. new byte[NodeId.Size - 1]]);
            var service = new LanService(id, Swarm, new IPEndPoint(IPAddress.Any, 4747));
            string label = LanNames.Label(id);
            LanInterface at = new(2, "lan0", [(IPAddress.Parse($"192.168.77.{node + 3}"), 24)]);
            DnsRecord[] records = [.. service.Records(label, at)];
            yield return Write(isResponse: true, [], records);
            yield return Write(isResponse: true, [], [.. records.Select(record => record with { TtlSeconds = 0 })]);
            yield return Write(isResponse: false, [new(LanNames.Subtype(Swarm), DnsType.Ptr)], [records[1]]);
            yield return Write(
                isResponse: false,
                [new(LanNames.Instance(label), DnsType.Any), new(LanNames.Services, DnsType.Ptr)],
                []);
        }

        string own = LanNames.Label(FuzzKeys.Node.Id);
        yield return Write(isResponse: false, [new(LanNames.Instance(own), DnsType.Any)], []);
        yield return Write(
            isResponse: true,
            [],
            [DnsRecord.Service(LanNames.Instance(own), LanNames.Host("somebody-else"), 1, 120)]);
    }

    private static byte[] Write(bool isResponse, DnsQuestion[] questions, DnsRecord[] answers)
    {
        var writer = new DnsWriter(DnsLimits.SentBytesMax4, isResponse);
        bool fits = questions.All(writer.TryAsk) && answers.All(writer.TryAnswer);
        return fits ? writer.ToArray() : throw new InvalidOperationException("A packet is too small for its records.");
    }
}
