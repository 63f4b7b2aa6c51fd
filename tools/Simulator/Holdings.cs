using Google.Protobuf;
using Swarm.Inference.Model;
using Swarm.Node.Membership;
using Swarm.Node.Placement;
using Swarm.Node.Routing;
using Swarm.Protocol.Identity;
using Swarm.Protocol.Messages;
using Swarm.Testing.Kademlia;

namespace Swarm.Simulator;

/// <summary>
/// Who holds which blocks of one model: chosen, announced, read and made into routes by the real membership, placement and
/// planner over the real DHT, and beside it the truth.
/// </summary>
internal sealed class Holdings
{
    // Wide enough for a reader to notice who chose the same at the same time, small enough that a node is busy with it.
    private const double PerBlockMs = 1;

    private readonly DhtSwarm _swarm;
    private readonly TimeSpan _lease;
    private readonly byte[] _model;
    private readonly Dictionary<NodeId, Holder> _holders = [];

    public Holdings(DhtSwarm swarm, int blockCount, TimeSpan lease, int model = 1)
    {
        (_swarm, BlockCount, _lease) = (swarm, blockCount, lease);
        _model = [.. Enumerable.Range(model, 32).Select(i => (byte)i)];
        swarm.Died += dead => End(dead.Id);
    }

    public int BlockCount { get; }

    public ReadOnlyMemory<byte> Model => _model;

    /// <summary>The longest that a node may be believed after its death: its lease, and what two clocks may differ by.</summary>
    public TimeSpan BelievedMax => _lease + TimeSpan.FromSeconds(60);

    public static SwarmId Swarm { get; } = SwarmId.FromName("one");

    /// <summary>The blocks that a node says it serves, or said; null for one that never did.</summary>
    public BlockRange? BlocksOf(NodeId node) => _holders.TryGetValue(node, out Holder? holder) ? holder.Blocks : null;

    /// <summary>When a node died or left, by the simulation's clock; null while it is there.</summary>
    public long? EndedAt(NodeId node) => _holders.TryGetValue(node, out Holder? holder) ? holder.EndedAt : null;

    /// <summary>What all know of the model, as this node reads it.</summary>
    public OfferDirectory DirectoryOf(DhtMember reader) => new(reader.Dht, Swarm, _model, BlockCount);

    /// <summary>A node chooses its blocks by what the others hold, and agrees with those that choose as well.</summary>
    /// <param name="member">Who.</param>
    /// <param name="blocks">How many it has room for.</param>
    /// <param name="load">Makes them ready, before anybody is told that they are served.</param>
    public async Task SettleAsync(DhtMember member, int blocks, Action<BlockRange> load)
    {
        var chosen = new BlockRange(0, blocks);
        OfferPublisher publisher = NewPublisher(member);
        var agreement = new SpanAgreement(
            member.Id,
            DirectoryOf(member).ReadAsync,
            view => chosen = Choose(view, blocks),
            cancel => publisher.AnnounceAsync(Offer(member, chosen, OfferState.Joining, choosing: true), cancel),
            member.Clock);
        _ = await agreement.SettleAsync(member.Stopped);
        load(chosen);
        await ServeAsync(member, chosen, publisher);
    }

    /// <summary>A node announces that it serves these blocks; returns once the announcement is held.</summary>
    public Task AnnounceAsync(DhtMember member, BlockRange blocks) => ServeAsync(member, blocks, NewPublisher(member));

    /// <summary>A node says that it serves nothing any more.</summary>
    public async Task WithdrawAsync(DhtMember member)
    {
        Holder holder = _holders[member.Id];
        End(member.Id);
        await holder.Publisher.WithdrawAsync(
            Offer(member, holder.Blocks, OfferState.Left, choosing: false), member.Stopped);
    }

    /// <summary>Who had announced his blocks by then and is still there.</summary>
    public IReadOnlyList<NodeId> Sure(long before)
        => [.. _holders
            .Where(one => one.Value.ServedSince <= before && one.Value.EndedAt is null)
            .Select(one => one.Key)];

    /// <summary>Whether these nodes together hold every block.</summary>
    public bool Covers(IReadOnlyCollection<NodeId> nodes)
        => Enumerable.Range(0, BlockCount).All(block => nodes.Any(node => _holders[node].Blocks.Contains(block)));

    /// <summary>The cheapest route over what a reader has seen, or null.</summary>
    public Route? Plan(SwarmView view, Func<NodeId, bool>? isUsable = null) => RoutePlanner.Plan(view, new PlanRequest
    {
        BlockCount = BlockCount,
        Positions = 8,
        PositionsMax = 64,
        Numerics = Inference.Numerics.Version,
        IsUsable = isUsable ?? (_ => true),
    });

    /// <summary>What is wrong with a route, in words; null when it leads through every block once, at nodes that said so
    /// and ended no longer ago than they may be believed.</summary>
    public string? Fault(Route route)
    {
        int next = 0;

        foreach (Stage stage in route.Stages)
        {
            if (stage.Blocks.First != next || BlocksOf(stage.Node)?.Contains(stage.Blocks) != true)
            {
                return $"{route}: nobody said that {stage} follows on block {next}";
            }

            if (EndedAt(stage.Node) is { } ended && _swarm.Loop.Clock.GetElapsedTime(ended) > BelievedMax)
            {
                return $"{route}: {stage} ended {_swarm.Loop.Clock.GetElapsedTime(ended).TotalSeconds:F0} s ago";
            }

            next = stage.Blocks.Last;
        }

        return next == BlockCount ? null : $"{route} ends at block {next}";
    }

    private BlockRange Choose(SwarmView view, int blocks)
        => BlockChooser.Choose(
            BlockChooser.Supply(BlockCount, SpanSurvey.Read(view)), PerBlockMs, span => span.Count <= blocks)!.Value;

    private async Task ServeAsync(DhtMember member, BlockRange blocks, OfferPublisher publisher)
    {
        // Whoever reads may see it from now on, and must once it is held.
        var holder = new Holder(blocks, publisher);
        _holders[member.Id] = holder;
        await publisher.AnnounceAsync(Offer(member, blocks, OfferState.Serving, choosing: false), member.Stopped);
        holder.ServedSince = _swarm.Loop.Clock.GetTimestamp();
    }

    private void End(NodeId node)
    {
        if (_holders.TryGetValue(node, out Holder? holder))
        {
            holder.EndedAt ??= _swarm.Loop.Clock.GetTimestamp();
        }
    }

    private OfferPublisher NewPublisher(DhtMember member) => new(member.Dht, Swarm, Listing, _lease);

    private BlockOffer Offer(DhtMember member, BlockRange blocks, OfferState state, bool choosing)
    {
        var offer = new BlockOffer
        {
            Model = ByteString.CopyFrom(_model),
            First = (uint)blocks.First,
            Last = (uint)blocks.Last,
            BlockCount = (uint)BlockCount,
            State = state,
            DecodePerBlockMs = PerBlockMs,
            PrefillPerBlockMs = PerBlockMs,
            KvTokensFree = 1 << 20,
            Numerics = Inference.Numerics.Version,
            Choosing = choosing,
        };
        offer.Addresses.Add(Addresses.Write(member.Transport.Addresses));
        return offer;
    }

    private ModelListing Listing() => new()
    {
        Name = "toy",
        Model = ByteString.CopyFrom(_model),
        Architecture = "toy",
        BlockCount = (uint)BlockCount,
        ContextLength = 4096,
    };

    private sealed class Holder(BlockRange blocks, OfferPublisher publisher)
    {
        public BlockRange Blocks { get; } = blocks;

        public OfferPublisher Publisher { get; } = publisher;

        public long ServedSince { get; set; } = long.MaxValue;

        public long? EndedAt { get; set; }
    }
}
