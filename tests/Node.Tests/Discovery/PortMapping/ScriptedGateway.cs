using System.Net;
using System.Net.Sockets;
using Swarm.Node.Discovery.PortMapping;
using Swarm.Node.Discovery.PortMapping.Network;
using Swarm.Testing;

namespace Swarm.Node.Tests.Discovery.PortMapping;

/// <summary>
/// A device behind a gateway, under the simulated clock. The gateway forgets what expires, may restart, fall silent,
/// refuse, or have company.
/// </summary>
internal sealed partial class ScriptedGateway(SimulationLoop loop) : IGatewayNetwork
{
    public static readonly IPAddress Router = IPAddress.Parse("192.168.77.1");
    public static readonly IPAddress Device = IPAddress.Parse("192.168.77.2");
    private static readonly TimeSpan Way = TimeSpan.FromMilliseconds(1);

    private readonly List<ScriptedDatagrams> _open = [];
    private TimeSpan _startedAt;
    private int _ports = 40_000;

    public event Action? Changed;

    public Gateway? Here { get; set; } = new(Router, Device, 24);

    public bool SpeaksPcp { get; set; } = true;

    public bool SpeaksNatPmp { get; set; } = true;

    public bool SpeaksUpnp { get; set; } = true;

    /// <summary>How much longer a search for UPnP devices takes than anything else.</summary>
    public TimeSpan SearchTakes { get; set; }

    public IPAddress ExternalAddress { get; set; } = IPAddress.Parse("5.5.5.1");

    public TimeSpan LifetimeMax { get; set; } = TimeSpan.FromDays(1);

    /// <summary>Answers MAP with this; 0 grants.</summary>
    public int PcpResult { get; set; }

    /// <summary>Answers a mapping request with this; 0 grants.</summary>
    public int NatPmpResult { get; set; }

    /// <summary>Answers this action with this error.</summary>
    public Dictionary<string, int> UpnpErrors { get; } = [];

    /// <summary>External ports that others hold.</summary>
    public HashSet<int> TakenPorts { get; } = [];

    /// <summary>What stands, by external port.</summary>
    public Dictionary<int, ScriptedMapping> Mappings { get; } = [];

    /// <summary>Every question, as one line.</summary>
    public List<string> Heard { get; } = [];

    /// <summary>When each mapping was asked for.</summary>
    public List<TimeSpan> MappedAt { get; } = [];

    /// <summary>Whom an HTTP question was sent to.</summary>
    public List<Uri> HttpTargets { get; } = [];

    /// <summary>Says something before the gateway does: a stranger on the same network.</summary>
    public Action<ScriptedDatagrams, byte[], IPEndPoint>? Intruder { get; set; }

    /// <summary>Answers HTTP questions instead of the gateway.</summary>
    public Func<HttpQuestion, HttpAnswer?>? HttpIntruder { get; set; }

    public int OpenPorts => _open.Count(socket => socket.IsOpen);

    public TimeSpan Now => TimeSpan.FromTicks(loop.Clock.GetTimestamp());

    private uint Epoch => (uint)(Now - _startedAt).TotalSeconds;

    public Gateway? Find(IPAddress listener) => Here;

    public IDatagrams Open(Gateway gateway) => Open(_ports++, gateway);

    public IDatagrams OpenAnnouncements(Gateway gateway) => Open(PortMappingLimits.AnnouncementPort, gateway);

    /// <summary>The device moves, or its cable is pulled.</summary>
    public void Move(Gateway? here)
    {
        Here = here;
        Changed?.Invoke();
    }

    /// <summary>The gateway loses what it knew, and may say so.</summary>
    public void Restart(bool announces)
    {
        Mappings.Clear();
        _startedAt = Now;

        if (announces)
        {
            Announce(Reply(2, 128, 24), new IPEndPoint(Router, PortMappingLimits.ServerPort));
        }
    }

    /// <summary>A datagram for whoever listens to announcements.</summary>
    public void Announce(byte[] bytes, IPEndPoint source)
    {
        foreach (ScriptedDatagrams socket in _open.Where(one =>
            one.IsOpen && one.Local.Port == PortMappingLimits.AnnouncementPort).ToArray())
        {
            socket.Arrive(bytes, source);
        }
    }

    public async Task<HttpAnswer> AskAsync(Gateway gateway, HttpQuestion question, CancellationToken cancel)
    {
        HttpTargets.Add(question.Address);
        await Task.Delay(Way, loop.Clock, cancel);

        if ((HttpIntruder?.Invoke(question) ?? (SpeaksUpnp ? Answer(question) : null)) is { } answer)
        {
            return answer;
        }

        await Task.Delay(PortMappingLimits.HttpMax, loop.Clock, cancel);
        throw new GatewayException(GatewayFault.Silent, "No answer.");
    }

    private ScriptedDatagrams Open(int port, Gateway gateway)
    {
        if (Here is null)
        {
            throw new SocketException((int)SocketError.NetworkUnreachable);
        }

        var socket = new ScriptedDatagrams(
            new IPEndPoint(gateway.Local, port), (from, bytes, target) => _ = CarryAsync(from, bytes, target));
        _open.Add(socket);
        return socket;
    }

    private async Task CarryAsync(ScriptedDatagrams from, byte[] bytes, IPEndPoint target)
    {
        await Task.Delay(Way, loop.Clock);
        Intruder?.Invoke(from, bytes, target);

        if (Here?.Address.Equals(Router) != true)
        {
            return;
        }

        byte[]? answer = target.Port switch
        {
            PortMappingLimits.ServerPort when bytes[0] == 2 => SpeaksPcp ? AnswerPcp(bytes)
                : SpeaksNatPmp ? Refusal() : null,
            PortMappingLimits.ServerPort => SpeaksNatPmp ? AnswerNatPmp(bytes) : null,
            _ => SpeaksUpnp ? AnswerSearch(bytes) : null,
        };

        if (answer is not null)
        {
            await Task.Delay(Way, loop.Clock);

            if (target.Port != PortMappingLimits.ServerPort)
            {
                await Task.Delay(SearchTakes, loop.Clock);
            }

            from.Arrive(answer, new IPEndPoint(Router, target.Port));
        }
    }

    private TimeSpan? Grant(int externalPort, int internalPort, uint seconds)
    {
        MappedAt.Add(Now);

        if (TakenPorts.Contains(externalPort))
        {
            return null;
        }

        var asked = TimeSpan.FromSeconds(seconds);
        TimeSpan granted = asked < LifetimeMax ? asked : LifetimeMax;
        Mappings[externalPort] = new ScriptedMapping(internalPort, Now + granted);
        return granted;
    }

    /// <summary>Whether the port leads to the device now.</summary>
    public bool LeadsHere(int externalPort)
        => Mappings.TryGetValue(externalPort, out ScriptedMapping? mapping) && mapping.Until > Now;
}
