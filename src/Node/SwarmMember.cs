using System.Net;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Swarm.Dht;
using Swarm.Inference;
using Swarm.Node.Discovery.Lan;
using Swarm.Protocol;
using Swarm.Protocol.Identity;
using Swarm.Protocol.Messages;
using Swarm.Protocol.Transport;

namespace Swarm.Node;

/// <summary>A process's place in a swarm: its key, its links and its part in the DHT.</summary>
internal sealed class SwarmMember : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly ITransport _transport;
    private readonly SwarmKeyring? _keyring;
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
        Links = new LinkPool(transport, key.Id, time, log);
        Dht = new DhtNode(key, Links, server, new DhtOptions(), time, random);
        _reach = server ? new Reach(transport, Links, Dht, time, new EntropyRandom(), log) : null;
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
        ITransport transport = new TcpTransport(key, hello, listen: null, time, keyring: keyring);

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
        Exception?[] closed = await Task.WhenAll(all.Select(door => KnockAsync(door, cancel)));

        if (closed.Length > 0 && closed.All(reason => reason is not null))
        {
            // Who is there and refuses says more than who is not there.
            throw closed.OfType<FaultException>().FirstOrDefault()
                ?? (closed.OfType<LinkClosedException>().OrderBy(reason => !reason.IsTurnedAway).FirstOrDefault()
                    is { } gone
                    ? new LinkClosedException(Explain(doors, gone), gone) { IsTurnedAway = gone.IsTurnedAway }
                    : closed[0]!);
        }

        _ = await Dht.BootstrapAsync([.. all, .. remembered], cancel);
    }

    // Null when somebody opened.
    private async Task<Exception?> KnockAsync(PeerAddress door, CancellationToken cancel)
    {
        try
        {
            _ = await Links.GetAsync(door, cancel);
            return null;
        }
        catch (Exception reason) when (reason is LinkClosedException or FaultException or ProtocolException)
        {
            return reason;
        }
    }

    /// <summary>Gets to know a node that was found by chance.</summary>
    /// <exception cref="LinkClosedException">Nobody answers there, or somebody else.</exception>
    /// <exception cref="FaultException">Who answers is of another swarm or version.</exception>
    public async Task MeetAsync(PeerAddress address, CancellationToken cancel)
    {
        _ = await Links.GetAsync(address, cancel);

        if (!await Dht.MeetAsync(address, cancel))
        {
            throw new LinkClosedException($"{address} does not answer.");
        }
    }

    /// <summary>A dialler of the nodes that the local network tells of; not started.</summary>
    public HintDialler CreateDialler(ILanDiscovery lan, TimeProvider time, ILogger log)
        => new(
            lan,
            MeetAsync,
            node => node == Key.Id || Dht.Knows(node),
            () => Dht.Status.Contacts == 0,
            time,
            new EntropyRandom(),
            log);

    private string Explain(IReadOnlyList<PeerAddress> doors, LinkClosedException gone)
    {
        string where = string.Join(", ", doors);

        return gone switch
        {
            { IsTurnedAway: true } when _keyring is null =>
                $"the node at {where} hung up, as one of a private swarm does on strangers: run 'swarm invite' there, "
                    + "and use its code here ('swarm join CODE', or --join CODE with other commands).",
            { IsTurnedAway: true } =>
                $"the node at {where} hung up: clock or swarm key differs. Run 'swarm invite' there and use its code "
                    + "here ('swarm join CODE', or --join CODE with other commands); check the clocks of both devices; "
                    + "give --public if that swarm is public.",
            _ => $"no node answers at {where}: check the address, and that a node runs there ({gone.Message})",
        };
    }

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
}
