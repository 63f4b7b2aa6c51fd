using System.Net;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Swarm.Dht;
using Swarm.Inference;
using Swarm.Node.Discovery.Lan;
using Swarm.Node.Membership;
using Swarm.Protocol;
using Swarm.Protocol.Identity;
using Swarm.Protocol.Messages;
using Swarm.Protocol.Relaying;
using Swarm.Protocol.Transport;

namespace Swarm.Node;

/// <summary>A process's place in a swarm: its key, its links and its part in the DHT.</summary>
internal sealed class SwarmMember : IAsyncDisposable
{
    // Those who are there answer within a round trip or three of one another.
    private static readonly TimeSpan OtherDoorsMax = TimeSpan.FromSeconds(1);

    private readonly CancellationTokenSource _stop = new();
    private readonly ITransport _transport;
    private readonly SwarmKeyring? _keyring;
    private readonly TimeProvider _time;
    private readonly Reach? _reach;
    private Task _running = Task.CompletedTask;

    public SwarmMember(
        NodeKey key,
        SwarmId swarm,
        ITransport transport,
        bool server,
        TimeProvider time,
        Random random,
        ILogger log,
        SwarmKeyring? keyring = null)
    {
        Key = key;
        _keyring = keyring;
        Swarm = swarm;
        _transport = transport;
        _time = time;
        Links = new LinkPool(transport, key.Id, time, log);
        Dht = new DhtNode(key, Links, server, new DhtOptions(), time, random);
        Links.Handle(
            Envelope.BodyOneofCase.ShowDoors, (_, stream, cancel) => NamedDoors.AnswerAsync(Dht, stream, cancel));

        if (server)
        {
            _reach = new Reach(transport, Links, Dht, time, new EntropyRandom(), log);
        }
        else
        {
            // Who is behind a router meets whom he finds behind another one.
            _ = new Meeting(Links, transport, time, (_, _) => { });
        }
    }

    /// <summary>A member that others can dial, and that holds records for them. The keys become its own.</summary>
    public static SwarmMember CreateNode(
        NodeOptions options, NodeKey key, SwarmKeyring? keyring, TimeProvider time, ILogger log)
    {
        SwarmId swarm = IdOf(options.Swarm, keyring);
        Hello hello = Hellos.Create(swarm, Numerics.Version, Software, options.Name, server: true);
        ITransport transport = new TcpTransport(key, hello, options.Listen, time, log, keyring);

        return new SwarmMember(key, swarm, transport, server: true, time, new EntropyRandom(), log, keyring);
    }

    /// <summary>A member for one question, whom nobody can dial. The keys become its own.</summary>
    public static SwarmMember CreateGuest(string name, SwarmKeyring? keyring, TimeProvider time)
    {
        var key = NodeKey.Create();
        SwarmId swarm = IdOf(name, keyring);
        Hello hello = Hellos.Create(swarm, Numerics.Version, Software, "", server: false);
        ITransport transport = new TcpTransport(key, hello, listen: null, time, keyring: keyring, keepsPort: true);

        return new SwarmMember(
            key, swarm, transport, server: false, time, new EntropyRandom(), NullLogger.Instance, keyring);
    }

    /// <summary>What this program calls itself towards its peers.</summary>
    public static string Software { get; } = $"swarm {Version}";

    public NodeKey Key { get; }

    public SwarmId Swarm { get; }

    public LinkPool Links { get; }

    public DhtNode Dht { get; }

    /// <summary>Where others can dial this process; empty for a guest.</summary>
    public IReadOnlyList<PeerAddress> Addresses => _transport.Addresses;

    /// <summary>Where they can besides: an address of the gateway; null when there is none any more.</summary>
    public void Map(PeerAddress? mapped) => _reach?.Map(mapped);

    /// <summary>Looks whether this device has other addresses now, and tells the others.</summary>
    public void FollowAddresses()
    {
        if (_transport.Refresh())
        {
            _reach?.Follow();
        }
    }

    /// <summary>The id of the swarm of this name with these keys, or of the public one.</summary>
    public static SwarmId IdOf(string name, SwarmKeyring? keyring)
        => keyring?.SwarmOf(name) ?? SwarmId.FromName(name);

    private static string Version
        => typeof(SwarmMember).Assembly.GetName().Version?.ToString(3) ?? "0";

    /// <summary>Accepts links and keeps the DHT; every handler is registered by now.</summary>
    public void Start()
    {
        _running = Task.WhenAll(Links.RunAsync(_stop.Token), Dht.RunAsync(_stop.Token));
        _reach?.Start();
    }

    /// <summary>Joins through known addresses.</summary>
    /// <param name="doors">Where somebody must answer; names of several records are several doors.</param>
    /// <param name="remembered">Where somebody may answer.</param>
    /// <param name="cancel">Ends the attempt.</param>
    /// <exception cref="LinkClosedException">Nobody answers at any of them.</exception>
    /// <exception cref="FaultException">The only ones who answer are of another swarm or version.</exception>
    public async Task EnterAsync(
        IReadOnlyList<PeerAddress> doors, IReadOnlyList<PeerAddress> remembered, CancellationToken cancel)
    {
        IReadOnlyList<PeerAddress> all = await DoorNames.ExpandAsync(doors, Dns.GetHostAddressesAsync, cancel);

        // Dialled here and not only by the DHT, which would keep the reason to itself.
        IReadOnlyList<Knock> knocks = await KnockAsync(all, cancel);

        if (knocks.Count > 0 && knocks.All(knock => knock.Link is null))
        {
            throw Refusal(doors, knocks);
        }

        IReadOnlyList<PeerAddress>[] named = await Task.WhenAll(knocks
            .Select(knock => knock.Link)
            .OfType<ILink>()
            .Distinct()
            .Select(link => NamedDoors.AskAsync(link, _time, cancel)));
        IEnumerable<PeerAddress> kept = _reach is null ? Open(knocks) : all;
        _ = await Dht.BootstrapAsync(
            [.. kept, .. remembered, .. await WorthwhileAsync([.. named.SelectMany(one => one)], cancel)], cancel);
    }

    // A node goes back to any of them in bad times; a guest has no time for those who do not answer.
    private async Task<IReadOnlyList<PeerAddress>> WorthwhileAsync(
        IReadOnlyList<PeerAddress> doors, CancellationToken cancel)
        => _reach is null ? Open(await KnockAsync(doors, cancel)) : doors;

    private static PeerAddress[] Open(IEnumerable<Knock> knocks)
        => [.. knocks.Where(knock => knock.Link is not null).Select(knock => knock.Door)];

    // A guest who is in waits no longer than a moment for other doors.
    private async Task<IReadOnlyList<Knock>> KnockAsync(IReadOnlyList<PeerAddress> doors, CancellationToken cancel)
    {
        List<Task<Knock>> running = [.. doors.Select(door => KnockAsync(door, cancel))];
        var knocks = new List<Knock>();
        using var over = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        var patience = Task.Delay(Timeout.InfiniteTimeSpan, _time, over.Token);

        while (running.Count > 0 && await Task.WhenAny([.. running, patience]) is Task<Knock> ended)
        {
            _ = running.Remove(ended);
            knocks.Add(await ended);

            if (_reach is null && knocks[^1].Link is not null && knocks.Count(knock => knock.Link is not null) == 1)
            {
                patience = Task.Delay(OtherDoorsMax, _time, over.Token);
            }
        }

        cancel.ThrowIfCancellationRequested();
        over.Cancel();
        return knocks;
    }

    private async Task<Knock> KnockAsync(PeerAddress door, CancellationToken cancel)
    {
        try
        {
            return new Knock(door, await Links.GetAsync(door, cancel), Why: null);
        }
        catch (Exception reason) when (reason is LinkClosedException or FaultException or ProtocolException)
        {
            return new Knock(door, Link: null, reason);
        }
    }

    // Who is there and refuses says more than who is not there.
    private Exception Refusal(IReadOnlyList<PeerAddress> doors, IReadOnlyList<Knock> knocks)
    {
        if (knocks.Select(knock => knock.Why).OfType<FaultException>().FirstOrDefault() is { } refusal)
        {
            return refusal;
        }

        if (knocks.FirstOrDefault(knock => knock.Why is LinkClosedException { IsTurnedAway: true }) is { } hungUp)
        {
            return new LinkClosedException(HungUp(hungUp.Door), hungUp.Why!) { IsTurnedAway = true };
        }

        return knocks.Select(knock => knock.Why).OfType<LinkClosedException>().FirstOrDefault() is { } gone
            ? new LinkClosedException(
                $"no node answers at {string.Join(", ", doors)}: check the address, and that a node runs there "
                    + $"({gone.Message})",
                gone)
            : knocks[0].Why!;
    }

    /// <summary>Gets to know a node that was found by chance.</summary>
    /// <exception cref="LinkClosedException">Nobody answers there, or somebody else.</exception>
    /// <exception cref="FaultException">Who answers is of another swarm or version.</exception>
    public async Task MeetAsync(PeerAddress address, CancellationToken cancel)
    {
        ILink link = await Links.GetAsync(address, cancel);

        if (!link.RemoteHello.Server)
        {
            await EnterBehindAsync(link, cancel);
        }
        else if (!await Dht.MeetAsync(address, cancel))
        {
            throw new LinkClosedException($"{address} does not answer.");
        }
    }

    // To whom the DHT is closed at this node, for nobody can dial it, is open at those whom it knows.
    private async Task EnterBehindAsync(ILink link, CancellationToken cancel)
    {
        if (Dht.Status.Contacts == 0
            && (await NamedDoors.AskAsync(link, _time, cancel) is not { Count: > 0 } named
                || !await Dht.BootstrapAsync(await WorthwhileAsync(named, cancel), cancel)))
        {
            throw new LinkClosedException(
                $"{link.Remote} serves nobody in the DHT, and neither does anybody it knows.");
        }
    }

    /// <summary>A dialler of the nodes that the local network tells of; not started.</summary>
    public HintDialler CreateDialler(ILanDiscovery lan, TimeProvider time, ILogger log)
        => new(
            lan,
            MeetAsync,
            IsKnown,
            () => Dht.Status.Contacts == 0,
            time,
            new EntropyRandom(),
            log);

    // Of whom others cannot dial a link is all that there is to know.
    private bool IsKnown(NodeId node)
        => node == Key.Id
            || Dht.Knows(node)
            || (Links.TryGet(node, out ILink? link) && !link.RemoteHello.Server && Dht.Status.Contacts > 0);

    private string HungUp(PeerAddress where)
        => _keyring is null
            ? $"the node at {where} hung up, as one of a private swarm does on strangers: run 'swarm invite' there, "
                + "and use its code here ('swarm join CODE', or --join CODE with other commands)."
            : $"the node at {where} hung up: clock or swarm key differs. Run 'swarm invite' there and use its code "
                + "here ('swarm join CODE', or --join CODE with other commands); check the clocks of both devices "
                + "('swarm doctor --join CODE' tells which it is); give --public if that swarm is public.";

    public async ValueTask DisposeAsync()
    {
        if (_reach is not null)
        {
            await _reach.DisposeAsync();
        }

        await _stop.CancelAsync();
        await Links.DisposeAsync();
        Dht.Dispose();
        await _transport.DisposeAsync();
        await _running;
        Key.Dispose();
        _keyring?.Dispose();
        _stop.Dispose();
    }

    // What came of a dial: a link, or why there is none.
    private sealed record Knock(PeerAddress Door, ILink? Link, Exception? Why);
}
