using System.Net;
using System.Net.Sockets;
using Swarm.Node.Discovery.Lan;
using Swarm.Node.Discovery.Lan.Wire;
using Swarm.Protocol.Identity;
using Swarm.Testing;

namespace Swarm.Node.Tests.Discovery.Lan;

/// <summary>A network of lanes under virtual time: a packet takes a millisecond, and everybody hears everybody.</summary>
internal sealed class VirtualLan
{
    public static readonly SwarmId Swarm = SwarmId.FromName("main");

    private static readonly TimeSpan Delay = TimeSpan.FromMilliseconds(1);

    private readonly List<Host> _hosts = [];
    private readonly PriorityQueue<(byte[] Bytes, IPEndPoint From, IPEndPoint? To), (TimeSpan, int)> _flying = new();
    private int _order;

    public TimeSpan Now { get; private set; } = TimeSpan.FromHours(1);

    /// <summary>A host that starts now; it announces the node of its number unless it only asks.</summary>
    public Host Add(int number, bool announces = true, SwarmId? swarm = null, NodeId? node = null)
    {
        var ip = IPAddress.Parse($"192.168.1.{number}");
        SwarmId its = swarm ?? Swarm;
        var service = new LanService(node ?? TestIdentity.Node(number), its, new IPEndPoint(IPAddress.Any, 4000 + number));
        var at = new LanInterface(number, "eth0", [(ip, 24)]);
        var lane = new LanLane(
            at, AddressFamily.InterNetwork, its, announces ? service : null, ip.Equals, new Random(number));
        var host = new Host(ip, service, at, lane);
        _hosts.Add(host);
        lane.Start(Now);
        return host;
    }

    /// <summary>Takes a host off the network without a word.</summary>
    public void Kill(Host host) => _hosts.Remove(host);

    /// <summary>Sends a packet to all hosts, or to one.</summary>
    public void Send(byte[] packet, IPEndPoint from, IPEndPoint? to = null)
        => _flying.Enqueue((packet, from, to), (Now + Delay, ++_order));

    /// <summary>The same from 192.168.1.200, by default from the port of responders.</summary>
    public void Send(DnsMessage message, int fromPort = LanSocket.Port)
        => Send(DnsPackets.Write(message), new IPEndPoint(IPAddress.Parse("192.168.1.200"), fromPort));

    public void RunFor(double seconds)
    {
        TimeSpan end = Now + TimeSpan.FromSeconds(seconds);

        while (true)
        {
            TimeSpan? timer = _hosts.Select(host => host.Lane.NextDue).Min();
            TimeSpan? packet = _flying.TryPeek(out _, out (TimeSpan Due, int) first) ? first.Due : null;
            TimeSpan? next = new[] { timer, packet }.Min();

            if (next is null || next > end)
            {
                Now = end;
                return;
            }

            Now = next > Now ? next.Value : Now;

            if (packet <= Now && (timer is null || packet <= timer))
            {
                (byte[] bytes, IPEndPoint from, IPEndPoint? to) = _flying.Dequeue();
                Deliver(bytes, from, to);
            }
            else
            {
                foreach (Host host in _hosts.Where(host => host.Lane.NextDue <= Now).ToArray())
                {
                    Do(host, outbox => host.Lane.Advance(Now, outbox));
                }
            }
        }
    }

    /// <summary>Lets a host take its announcement back.</summary>
    public void Withdraw(Host host) => host.Lane.Withdraw(Now);

    private void Deliver(byte[] bytes, IPEndPoint from, IPEndPoint? to)
    {
        foreach (Host host in _hosts.Where(host => to is null || host.OneShot.Equals(to)).ToArray())
        {
            Do(host, outbox => host.Lane.OnPacket(bytes, from, isOneShot: to is not null, Now, outbox));
        }
    }

    private void Do(Host host, Action<LanOutbox> act)
    {
        var outbox = new LanOutbox();
        act(outbox);

        foreach (LanPacket packet in outbox.Packets)
        {
            host.Sent.Add((Now, packet, DnsReader.Read(packet.Bytes)));
            Send(packet.Bytes, packet.IsOneShot ? host.OneShot : new IPEndPoint(host.Ip, LanSocket.Port), packet.To);
        }

        host.Found.AddRange(outbox.Found.Select(hint => (Now, hint)));
        host.Gone.AddRange(outbox.Gone.Select(instance => (Now, instance)));
        host.Conflicts += outbox.Conflict is null ? 0 : 1;
    }

    /// <summary>A host and what it did.</summary>
    public sealed class Host(IPAddress ip, LanService service, LanInterface at, LanLane lane)
    {
        public IPAddress Ip { get; } = ip;

        public LanService Service { get; } = service;

        public LanLane Lane { get; } = lane;

        public IPEndPoint OneShot { get; } = new(ip, 40000);

        public List<(TimeSpan At, LanPacket Packet, DnsMessage Message)> Sent { get; } = [];

        public List<(TimeSpan At, LanHint Hint)> Found { get; } = [];

        public List<(TimeSpan At, string Instance)> Gone { get; } = [];

        public int Conflicts { get; set; }

        /// <summary>What it announces, under its first label.</summary>
        public IReadOnlyList<DnsRecord> Records => Service.Records(LanNames.Label(Service.Node), at);

        /// <summary>Answers to all that it sent, with their times.</summary>
        public IEnumerable<(TimeSpan At, DnsMessage Message)> Answers
            => Sent.Where(sent => sent.Message.IsResponse && sent.Packet.To is null).Select(sent => (sent.At, sent.Message));

        public DnsRecord Record(DnsType type) => Records.First(record => record.Type == type);
    }
}
