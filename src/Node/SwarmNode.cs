using System.Globalization;
using System.Security.Cryptography;
using Microsoft.Extensions.Logging;
using Swarm.Inference.Forward;
using Swarm.Inference.Model;
using Swarm.Inference.Threading;
using Swarm.Node.Access;
using Swarm.Node.Discovery.Lan;
using Swarm.Node.Execution;
using Swarm.Node.Membership;
using Swarm.Node.Placement;
using Swarm.Node.Routing;
using Swarm.Node.Serving;
using Swarm.Protocol;
using Swarm.Protocol.Identity;
using Swarm.Protocol.Messages;
using Swarm.Protocol.Transport;

namespace Swarm.Node;

/// <summary>One node from its start to its end: builds the parts, joins, loads, serves, drains, leaves.</summary>
internal sealed class SwarmNode(NodeOptions options, TimeProvider time, ILogger log)
{
    // How often a changed load is announced; placement and routes live well with figures a few seconds old.
    private static readonly TimeSpan LoadInterval = TimeSpan.FromSeconds(5);

    // A tombstone is a courtesy: peers notice a missing node anyway.
    private static readonly TimeSpan WithdrawMax = TimeSpan.FromSeconds(3);

    private const int ControlTokenBytes = 32;

    private readonly byte[] _controlToken = RandomNumberGenerator.GetBytes(ControlTokenBytes);
    private readonly TaskCompletionSource _leaveAsked = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly HashSet<NodeId> _greeted = [];

    /// <summary>Serves until asked to leave.</summary>
    /// <param name="stop">Asks to drain and leave.</param>
    /// <param name="stopNow">Ends the draining.</param>
    public async Task RunAsync(CancellationToken stop, CancellationToken stopNow)
    {
        NodeFolder.Ensure(options.Folder);

        if (LocalNode.Find(options.Folder) is { } other)
        {
            throw CommandException.Failed(
                $"a node already runs from {options.Folder} (process {other.ProcessId}): stop it with 'swarm leave', "
                    + "or choose another --data-dir.");
        }

        using var model = HeldModel.Open(
            options.ModelFile,
            new ManifestCache(options.Folder, time),
            Percents(percent => NodeLog.Hashing(log, percent), stop));
        using var pool = new ComputePool(options.Threads);
        var planner = new SpanPlanner(options, model, pool, time);
        SpanPlan plan = planner.Plan();
        using var key = NodeKey.LoadOrCreate(Path.Combine(options.Folder, "key.pem"));
        SwarmKeyring? keyring = options.Keys.OpenForNode(options.Bootstrap.Count > 0, log);
        await using var member = SwarmMember.CreateNode(options, key, keyring, time, log);
        using KeyringWatch? watch = Watch(keyring);
        using var executor = new ThreadExecutor();
        var serving = new ServingOptions { KvBytesMax = plan.KvBytes };
        await using var stages = new StageService(
            member.Links, member.Key.Id, member.Swarm, time, executor, serving, new StageEvents(log));
        var models = new ModelServer(model.Hash, model.Manifest.Serialize(), model.File.Header);
        member.Links.Handle(Envelope.BodyOneofCase.FetchModel, models.AnswerAsync);
        member.Links.Handle(Envelope.BodyOneofCase.Leave, AnswerLeaveAsync);
        member.Links.Handle(
            Envelope.BodyOneofCase.ShowLinks,
            (first, stream, cancel) => AnswerLinksAsync(member.Links, first, stream, cancel));
        member.Links.LinkUp += Greet;
        member.Start();
        await using var port = ReachablePort.Map(options, member, time, log);
        NodeLog.Listening(log, string.Join(", ", member.Addresses.Select(Bare)), options.Name, key.Id.ToString());
        new LocalNode(
            LocalAddress(member).ToString(),
            options.Swarm,
            options.Name,
            Environment.ProcessId,
            Convert.ToHexStringLower(_controlToken),
            options.Keys.File,
            options.ModelName).Write(options.Folder);

        try
        {
            var remembered = new RememberedNodes(options.Folder, member.Swarm);
            var entrance = new SwarmEntrance(options, member, remembered, time, log);
            await using HintDialler? lan = entrance.StartLan();
            await entrance.PassAsync(lan, stop);
            using var memory = new NodeMemory(remembered, member.Dht, time);
            NodeLog.SwarmJoined(log, options.Swarm, member.Dht.Status.Contacts);
            await ServeAsync(new Seat(model, member, stages, plan) { Lan = lan }, planner, pool, stop, stopNow);
        }
        finally
        {
            LocalNode.Remove(options.Folder);
        }

        NodeLog.Left(log);
    }

    private KeyringWatch? Watch(SwarmKeyring? keyring)
    {
        if (keyring is null || options.Keys.File is not { } file)
        {
            NodeLog.SwarmPublic(log);
            return null;
        }

        NodeLog.SwarmPrivate(log);
        return new KeyringWatch(file, keyring, time, log);
    }

    private async Task ServeAsync(
        Seat seat, SpanPlanner planner, ComputePool pool, CancellationToken stop, CancellationToken stopNow)
    {
        var publisher = new OfferPublisher(
            seat.Member.Dht, seat.Member.Swarm, () => Listing(seat), options.Lease);

        try
        {
            await SettleAsync(seat, planner, publisher, stop);
            await publisher.AnnounceAsync(Offer(seat, OfferState.Joining), stop);
            NodeLog.BlocksChosen(
                log,
                seat.Plan.Blocks.ToString(),
                options.ModelName,
                ByteSize.Format(seat.Plan.WeightBytes),
                ByteSize.Format(seat.Plan.KvBytes));
            using var span = ModelSpan.Load(
                seat.Model.File, seat.Plan.Blocks, pool, Percents(percent => NodeLog.Loading(log, percent), stop));
            seat.Plan = seat.Plan with { PerBlockMs = SpeedTrial.MeasurePerBlockMs(span, time) };
            seat.Stages.Serve(seat.Model.Hash, new SpanEngine(span));
            await publisher.AnnounceAsync(Offer(seat, OfferState.Serving), stop);
            NodeLog.Serving(
                log, seat.Plan.Blocks.ToString(), options.ModelName, seat.Plan.PerBlockMs, KvTokensFree(seat));
            await TellGapsAsync(seat, stop);

            await AnnounceLoadAsync(seat, publisher, stop);
            await DrainAsync(seat, publisher, stopNow);
        }
        finally
        {
            await WithdrawAsync(publisher, Offer(seat, OfferState.Left));
            await seat.Stages.DisposeAsync();
        }
    }

    // Alone, or told what to hold, there is nobody to agree with.
    private async Task SettleAsync(
        Seat seat, SpanPlanner planner, OfferPublisher publisher, CancellationToken stop)
    {
        if (options.Blocks is not null || seat.Member.Dht.Status.Contacts == 0)
        {
            return;
        }

        var agreement = new SpanAgreement(
            seat.Member.Key.Id,
            Others(seat).ReadAsync,
            view => (seat.Plan = planner.Choose(view, seat.Plan.PerBlockMs)).Blocks,
            cancel =>
            {
                BlockOffer offer = Offer(seat, OfferState.Joining);
                offer.Choosing = true;
                return publisher.AnnounceAsync(offer, cancel);
            },
            time);
        await agreement.SettleAsync(stop);
        seat.Stages.SetRoom(seat.Plan.KvBytes);
    }

    // The first node of a swarm always leaves some; who starts the last one should hear if it was not enough.
    private async Task TellGapsAsync(Seat seat, CancellationToken stop)
    {
        SwarmView view;

        try
        {
            view = await Others(seat).ReadAsync(stop);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // Asked to leave as soon as it served: it drains like any other.
            return;
        }

        IEnumerable<BlockRange> held = SpanSurvey.Read(view).Select(span => span.Blocks).Append(seat.Plan.Blocks);
        IReadOnlyList<BlockRange> missing = SwarmView.Uncovered(seat.Model.File.Config.BlockCount, held);

        if (missing.Count > 0)
        {
            NodeLog.BlocksMissing(log, string.Join(", ", missing), options.ModelName);
        }
    }

    private static OfferDirectory Others(Seat seat)
        => new(seat.Member.Dht, seat.Member.Swarm, seat.Model.Hash, seat.Model.File.Config.BlockCount);

    // Until this node is asked to leave, its announcement follows its load.
    private async Task AnnounceLoadAsync(Seat seat, OfferPublisher publisher, CancellationToken stop)
    {
        BlockOffer announced = Offer(seat, OfferState.Serving);

        while (!stop.IsCancellationRequested && !_leaveAsked.Task.IsCompleted)
        {
            try
            {
                await _leaveAsked.Task.WaitAsync(LoadInterval, time, stop);
            }
            catch (TimeoutException)
            {
                seat.Member.FollowAddresses();
                BlockOffer now = Offer(seat, OfferState.Serving);

                if (!now.Equals(announced))
                {
                    announced = now;
                    await TryAnnounceAsync(publisher, now, stop);
                }
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }

    private async Task DrainAsync(Seat seat, OfferPublisher publisher, CancellationToken stopNow)
    {
        NodeLog.Leaving(log, seat.Stages.SessionCount);
        seat.Lan?.Withdraw();
        await TryAnnounceAsync(publisher, Offer(seat, OfferState.Draining), stopNow);

        try
        {
            _ = await seat.Stages.DrainAsync(options.DrainMax, stopNow);
        }
        catch (OperationCanceledException)
        {
            // Asked a second time: the origins repair their routes.
        }
    }

    private async Task TryAnnounceAsync(OfferPublisher publisher, BlockOffer offer, CancellationToken cancel)
    {
        try
        {
            await publisher.AnnounceAsync(offer, cancel);
        }
        catch (Exception failure) when (failure is LinkClosedException or FaultException or OperationCanceledException)
        {
            NodeLog.AnnounceFailed(log, failure.Message);
        }
    }

    private async Task WithdrawAsync(OfferPublisher publisher, BlockOffer last)
    {
        using var patience = new CancellationTokenSource(WithdrawMax, time);

        try
        {
            await publisher.WithdrawAsync(last, patience.Token);
        }
        catch (Exception failure) when (failure is LinkClosedException or FaultException or OperationCanceledException)
        {
            NodeLog.AnnounceFailed(log, failure.Message);
        }
    }

    private BlockOffer Offer(Seat seat, OfferState state)
    {
        StageLoad? load = seat.Stages.Load(seat.Model.Hash);
        var offer = new BlockOffer
        {
            Model = Google.Protobuf.ByteString.CopyFrom(seat.Model.Hash.Span),
            First = (uint)seat.Plan.Blocks.First,
            Last = (uint)seat.Plan.Blocks.Last,
            BlockCount = (uint)seat.Model.File.Config.BlockCount,
            State = state,
            DecodePerBlockMs = Rounded(load?.DecodePerBlockMs, seat.Plan.PerBlockMs),
            PrefillPerBlockMs = Rounded(load?.PrefillPerBlockMs, seat.Plan.PerBlockMs),
            KvTokensFree = (ulong)KvTokensFree(seat),
            QueueDepth = (uint)(load?.QueueDepth ?? 0),
            Name = options.Name,
            Software = SwarmMember.Software,
            Numerics = Swarm.Inference.Numerics.Version,
        };
        offer.Addresses.Add(Addresses.Write(seat.Member.Addresses));
        return offer;
    }

    private ModelListing Listing(Seat seat)
    {
        var listing = new ModelListing
        {
            Name = options.ModelName,
            Model = Google.Protobuf.ByteString.CopyFrom(seat.Model.Hash.Span),
            Architecture = seat.Model.File.Config.Architecture,
            BlockCount = (uint)seat.Model.File.Config.BlockCount,
            Bytes = (ulong)seat.Model.File.Tensors.Sum(tensor => tensor.Bytes),
            ContextLength = (uint)seat.Model.File.Config.ContextLength,
        };
        listing.Addresses.Add(Addresses.Write(seat.Member.Addresses));
        return listing;
    }

    private async Task AnswerLeaveAsync(Envelope first, ILinkStream stream, CancellationToken cancel)
    {
        CheckOwner(first.Leave.Token, "may stop it");
        await stream.SendAsync(new Envelope { Leaving = new Leaving() }, default, cancel);
        await stream.EndAsync(cancel);
        _ = _leaveAsked.TrySetResult();
    }

    private async Task AnswerLinksAsync(
        LinkPool links, Envelope first, ILinkStream stream, CancellationToken cancel)
    {
        CheckOwner(first.ShowLinks.Token, "learns to whom it is linked");
        LinksShown shown = OwnNode.Show(links, stream.Link.Remote);
        await stream.SendAsync(new Envelope { LinksShown = shown }, default, cancel);
        await stream.EndAsync(cancel);
    }

    private void CheckOwner(Google.Protobuf.ByteString token, string right)
    {
        if (!CryptographicOperations.FixedTimeEquals(token.Span, _controlToken))
        {
            throw new FaultException(FaultCode.NotServed, $"Only who can read this node's folder {right}.");
        }
    }

    private void Greet(ILink link)
    {
        lock (_greeted)
        {
            // Guests come and go with every question.
            if (link.RemoteHello.Server && _greeted.Add(link.Remote))
            {
                NodeLog.PeerJoined(log, OfferRules.Printable(link.RemoteHello.Name), link.Remote.ToString());
            }
        }
    }

    private static long KvTokensFree(Seat seat)
        => (seat.Stages.Load(seat.Model.Hash)?.KvBytesFree ?? seat.Plan.KvBytes) / seat.Plan.KvBytesPerPosition;

    // Two digits: a figure that moves by a percent is no news worth publishing.
    private static double Rounded(double? measured, double planned)
        => double.Parse(
            (measured is > 0 ? measured.Value : planned).ToString("G2", CultureInfo.InvariantCulture),
            CultureInfo.InvariantCulture);

    private static PeerAddress LocalAddress(SwarmMember member)
        => member.Addresses.FirstOrDefault(address => address.Host is "127.0.0.1" or "::1") ?? member.Addresses[0];

    private static string Bare(PeerAddress address) => (address with { Node = null }).ToString();

    private PercentProgress Percents(Action<int> report, CancellationToken stop) => new(report, time, stop);

    /// <summary>What one serving node consists of.</summary>
    private sealed class Seat(HeldModel model, SwarmMember member, StageService stages, SpanPlan plan)
    {
        public HeldModel Model { get; } = model;

        public SwarmMember Member { get; } = member;

        public StageService Stages { get; } = stages;

        public SpanPlan Plan { get; set; } = plan;

        public HintDialler? Lan { get; init; }
    }
}
