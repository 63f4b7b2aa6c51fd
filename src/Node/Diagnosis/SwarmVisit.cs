using Google.Protobuf;
using Swarm.Node.Access;
using Swarm.Node.Discovery.Lan;
using Swarm.Node.Membership;
using Swarm.Protocol;
using Swarm.Protocol.Identity;
using Swarm.Protocol.Messages;
using Swarm.Protocol.Transport;
using Swarm.Protocol.Wire;
using Contact = Swarm.Dht.Routing.Contact;

namespace Swarm.Node.Diagnosis;

/// <summary>What a guest saw of a swarm, or why it saw nothing.</summary>
internal sealed record SwarmVisit
{
    // Dials that nobody answers end after 5 s, and there may be several in a row; a clock is searched for as long.
    private static readonly TimeSpan VisitMax = TimeSpan.FromSeconds(25);
    private static readonly TimeSpan AnswerMax = TimeSpan.FromSeconds(2);

    // More say no more: the middle one counts.
    private const int ClocksMax = 8;

    /// <summary>What is served; null when there was no way in.</summary>
    public SwarmStatus? Status { get; init; }

    /// <summary>Why not, and what to do.</summary>
    public string Refusal { get; init; } = "";

    /// <summary>Whether somebody was there and refused us, which is worse than that nobody was.</summary>
    public bool IsRefused { get; init; }

    /// <summary>What the node of this device says of itself; null when none runs, or it does not answer.</summary>
    public Hello? OwnNode { get; init; }

    /// <summary>To whom that node is linked; null when it does not say.</summary>
    public IReadOnlyList<NodeLink>? Links { get; init; }

    /// <summary>By how much the clocks of other nodes are ahead of this device's.</summary>
    public IReadOnlyList<TimeSpan> ClockLeads { get; init; } = [];

    /// <summary>Enters as a guest and looks around.</summary>
    /// <param name="choice">The swarm that is meant.</param>
    /// <param name="here">The node of this device, where it is of that swarm.</param>
    /// <param name="time">This device's clock.</param>
    /// <param name="cancel">Ends it.</param>
    public static async Task<SwarmVisit> PayAsync(
        SwarmChoice choice, PeerAddress? here, TimeProvider time, CancellationToken cancel)
    {
        using var patience = new CancellationTokenSource(VisitMax, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancel);

        try
        {
            return await EnterAsync(choice, here, time, either.Token);
        }
        catch (CommandException none)
        {
            return new SwarmVisit { Refusal = none.Message };
        }
        catch (LinkClosedException gone) when (gone.IsTurnedAway)
        {
            var refused = new SwarmVisit { Refusal = gone.Message, IsRefused = true };
            return await SearchClockAsync(choice, time, cancel) is { } lead
                ? refused with
                {
                    Refusal = "hangs up on this device, whose clock is wrong; its key is right",
                    ClockLeads = [lead],
                }
                : refused with
                {
                    Refusal = $"{gone.Message.TrimEnd('.')} (it is not the clock, unless that is wrong by more than "
                        + "half an hour)",
                };
        }
        catch (LinkClosedException gone)
        {
            return new SwarmVisit { Refusal = gone.Message };
        }
        catch (Exception refused) when (refused is FaultException or ProtocolException or IdentityException)
        {
            return new SwarmVisit { Refusal = refused.Message, IsRefused = true };
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            return new SwarmVisit { Refusal = $"the swarm did not answer within {VisitMax.TotalSeconds:0} s." };
        }
    }

    private static async Task<SwarmVisit> EnterAsync(
        SwarmChoice choice, PeerAddress? here, TimeProvider time, CancellationToken cancel)
    {
        await using SwarmMember member = await Doors.EnterAsync(choice, cancel);
        Hello? hello = here is null ? null : await GreetAsync(member, here, cancel);
        OwnNode? own = hello is null ? null : await Membership.OwnNode.AskAsync(member, choice, time, cancel);
        SwarmStatus status = await SwarmStatus.ReadAsync(member, choice.Name, cancel);
        return new SwarmVisit
        {
            Status = status,
            OwnNode = hello,
            Links = own?.Links,
            ClockLeads = await AskClocksAsync(member, here?.Node, time, cancel),
        };
    }

    // Who came in elsewhere has no link with it yet.
    private static async Task<Hello?> GreetAsync(SwarmMember member, PeerAddress here, CancellationToken cancel)
    {
        try
        {
            return (await member.Links.GetAsync(here, cancel)).RemoteHello;
        }
        catch (Exception gone) when (gone is LinkClosedException or FaultException or ProtocolException)
        {
            return null;
        }
    }

    private static async Task<TimeSpan?> SearchClockAsync(
        SwarmChoice choice, TimeProvider time, CancellationToken cancel)
    {
        using var patience = new CancellationTokenSource(VisitMax, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancel);

        try
        {
            IReadOnlyList<PeerAddress> doors = choice.Doors.Count > 0
                ? choice.Doors
                : await NeighboursAsync(choice, time, either.Token);
            return doors.Count == 0 ? null : await ClockSearch.FindAsync(choice, doors, time, either.Token);
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            return null;
        }
    }

    // One that is announced as of this very swarm.
    private static async Task<IReadOnlyList<PeerAddress>> NeighboursAsync(
        SwarmChoice choice, TimeProvider time, CancellationToken cancel)
    {
        using SwarmKeyring? keyring = choice.Keys.OpenForGuest();
        SwarmId own = SwarmMember.IdOf(choice.Name, keyring);
        IReadOnlyList<LanHint> announced = await LanNeighbours.LookAsync(own: null, time, cancel);
        return announced.FirstOrDefault(hint => hint.Swarm == own)?.Addresses ?? [];
    }

    // The node of this device has this device's clock.
    private static async Task<IReadOnlyList<TimeSpan>> AskClocksAsync(
        SwarmMember member, NodeId? own, TimeProvider time, CancellationToken cancel)
    {
        IReadOnlyList<Contact> contacts = await member.Dht.FindNodesAsync(member.Key.Id, cancel);
        TimeSpan?[] leads = await Task.WhenAll(contacts
            .Where(contact => contact.Id != own && contact.Id != member.Key.Id)
            .Take(ClocksMax)
            .Select(contact => AskClockAsync(member, contact, time, cancel)));
        return [.. leads.OfType<TimeSpan>()];
    }

    private static async Task<TimeSpan?> AskClockAsync(
        SwarmMember member, Contact contact, TimeProvider time, CancellationToken cancel)
    {
        using var patience = new CancellationTokenSource(AnswerMax, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancel);

        try
        {
            ILink link = await member.Links.GetAsync(contact.Addresses[0], either.Token);
            return await AskClockAsync(link, time, either.Token);
        }
        catch (Exception gone) when (gone is LinkClosedException or FaultException or ProtocolException
            or OperationCanceledException)
        {
            cancel.ThrowIfCancellationRequested();
            return null;
        }
    }

    /// <summary>By how much a peer's clock is ahead; null when it does not say.</summary>
    internal static async Task<TimeSpan?> AskClockAsync(ILink link, TimeProvider time, CancellationToken cancel)
    {
        byte[] target = new byte[NodeId.Size];
        link.Remote.Write(target);
        long askedAt = time.GetTimestamp();
        Envelope answer = await link.RequestAsync(
            new Envelope { Find = new Find { Target = ByteString.CopyFrom(target) } },
            StreamPriority.Control,
            AnswerMax,
            time,
            cancel);

        // It looked at its clock half of the way between the question and the answer, as far as one can know.
        DateTimeOffset then = time.GetUtcNow() - (time.GetElapsedTime(askedAt) / 2);
        return answer.Found is { NowMs: > 0 and <= WireLimits.UnixMsMax } found
            ? DateTimeOffset.FromUnixTimeMilliseconds((long)found.NowMs) - then
            : null;
    }
}
