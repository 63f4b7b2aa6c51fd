using System.Net;
using Google.Protobuf;
using Microsoft.Extensions.Logging.Abstractions;
using Swarm.Inference.Model;
using Swarm.Node;
using Swarm.Node.Membership;
using Swarm.Node.Routing;
using Swarm.Protocol.Identity;
using Swarm.Protocol.Messages;
using Swarm.Protocol.Transport;

namespace Swarm.Soak;

/// <summary>
/// One real node of a private swarm: its key, TCP and TLS on loopback, links, DHT and announcements, in this process.
/// What it lacks is a model: it announces blocks and computes nothing.
/// </summary>
internal sealed class SoakNode
{
    public const int BlockCount = 32;
    public const string SwarmName = "soak";

    private static readonly TimeSpan WithdrawMax = TimeSpan.FromSeconds(3);

    private readonly TcpTransport _transport;
    private readonly SwarmMember _member;
    private readonly OfferPublisher _publisher;
    private readonly PeerHealth _health = new(TimeProvider.System, new EntropyRandom());

    public SoakNode(string keyFile, byte[] secret, BlockRange blocks, TimeSpan lease)
    {
        KeyFile = keyFile;
        Blocks = blocks;
        var key = NodeKey.LoadOrCreate(keyFile);
        var keyring = new SwarmKeyring([SwarmKey.Read(secret)]);
        SwarmId swarm = SwarmMember.IdOf(SwarmName, keyring);
        Hello hello = Hellos.Create(swarm, Inference.Numerics.Version, SwarmMember.Software, "soak", server: true);
        _transport = new TcpTransport(
            key, hello, new IPEndPoint(IPAddress.Loopback, 0), TimeProvider.System, log: null, keyring);
        _member = new SwarmMember(
            key,
            swarm,
            _transport,
            server: true,
            TimeProvider.System,
            new EntropyRandom(),
            NullLogger.Instance,
            keyring);
        Id = key.Id;
        Address = _member.Addresses[0] with { Node = null };
        _publisher = new OfferPublisher(_member.Dht, swarm, Listing, lease);
        Offers = new OfferDirectory(_member.Dht, swarm, Model, BlockCount);
    }

    /// <summary>The one model that all of them announce.</summary>
    public static ReadOnlyMemory<byte> Model { get; } = Enumerable.Range(1, 32).Select(i => (byte)i).ToArray();

    public NodeId Id { get; }

    /// <summary>Where its key lies, for the node that comes back as this one.</summary>
    public string KeyFile { get; }

    public BlockRange Blocks { get; }

    public PeerAddress Address { get; }

    public Dht.DhtNode Dht => _member.Dht;

    public SwarmId Swarm => _member.Swarm;

    public OfferDirectory Offers { get; }

    /// <summary>Joins and announces its blocks; returns once they are held.</summary>
    public async Task StartAsync(IReadOnlyList<PeerAddress> doors, CancellationToken cancel)
    {
        _member.Start();
        await _member.EnterAsync(doors, remembered: [], cancel);
        await _publisher.AnnounceAsync(Offer(OfferState.Serving), cancel);
    }

    /// <summary>Whether a peer answers here, as one that is about to use it finds out.</summary>
    public async Task<bool> ReachesAsync(Stage stage, CancellationToken cancel)
    {
        try
        {
            ILink link = await _member.Links.GetAsync(stage.Addresses, cancel);
            bool answers = !link.IsClosed && await _member.Dht.MeetAsync(stage.Addresses[0], cancel);
            Note(stage.Node, answers);
            return answers;
        }
        catch (Exception e) when (e is LinkClosedException or Protocol.FaultException)
        {
            Note(stage.Node, works: false);
            return false;
        }
    }

    /// <summary>The cheapest route among those that have not failed here, or null.</summary>
    public Route? Plan(SwarmView view) => RoutePlanner.Plan(view, new PlanRequest
    {
        BlockCount = BlockCount,
        Positions = 8,
        PositionsMax = 64,
        Numerics = Inference.Numerics.Version,
        IsUsable = _health.IsUsable,
    });

    /// <summary>Ends as SIGKILL would end it: every connection reset, nothing said.</summary>
    public Task KillAsync()
    {
        _transport.Kill();
        return _member.DisposeAsync().AsTask();
    }

    /// <summary>Takes its announcements back and ends.</summary>
    public async Task LeaveAsync()
    {
        using var patience = new CancellationTokenSource(WithdrawMax);

        try
        {
            await _publisher.WithdrawAsync(Offer(OfferState.Serving), patience.Token);
        }
        catch (OperationCanceledException)
        {
            // Its announcements end with their leases.
        }

        await _member.DisposeAsync();
    }

    private void Note(NodeId peer, bool works)
    {
        if (works)
        {
            _health.Succeeded(peer);
        }
        else
        {
            _health.Failed(peer);
        }
    }

    private BlockOffer Offer(OfferState state)
    {
        var offer = new BlockOffer
        {
            Model = ByteString.CopyFrom(Model.Span),
            First = (uint)Blocks.First,
            Last = (uint)Blocks.Last,
            BlockCount = BlockCount,
            State = state,
            DecodePerBlockMs = 1,
            PrefillPerBlockMs = 1,
            KvTokensFree = 1 << 20,
            Name = "soak",
            Software = SwarmMember.Software,
            Numerics = Inference.Numerics.Version,
        };
        offer.Addresses.Add(Addresses.Write(_member.Addresses));
        return offer;
    }

    private static ModelListing Listing() => new()
    {
        Name = "soak",
        Model = ByteString.CopyFrom(Model.Span),
        Architecture = "none",
        BlockCount = BlockCount,
        ContextLength = 4096,
    };
}
