using Google.Protobuf;
using Swarm.Node.Access;
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
    // Dials that nobody answers end after 5 s, and there may be several in a row.
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

    /// <summary>By how much the clocks of other nodes are ahead of this device's.</summary>
    public IReadOnlyList<TimeSpan> ClockLeads { get; init; } = [];

    /// <summary>Enters as a guest and looks around.</summary>
    public static async Task<SwarmVisit> PayAsync(SwarmChoice choice, TimeProvider time, CancellationToken cancel)
    {
        using var patience = new CancellationTokenSource(VisitMax, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancel);

        try
        {
            await using SwarmMember member = await Doors.EnterAsync(choice, either.Token);
            NodeId? own = PeerAddress.TryParse(LocalNode.Find(choice.Folder)?.Address ?? "", out PeerAddress? door)
                ? door.Node
                : null;
            Hello? hello = own is { } here && member.Links.TryGet(here, out ILink? link) ? link.RemoteHello : null;
            SwarmStatus status = await SwarmStatus.ReadAsync(member, choice.Name, either.Token);
            return new SwarmVisit
            {
                Status = status,
                OwnNode = hello,
                ClockLeads = await AskClocksAsync(member, own, time, either.Token),
            };
        }
        catch (CommandException none)
        {
            return new SwarmVisit { Refusal = none.Message };
        }
        catch (LinkClosedException gone)
        {
            return new SwarmVisit { Refusal = gone.Message, IsRefused = gone.IsTurnedAway };
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
            byte[] target = new byte[NodeId.Size];
            contact.Id.Write(target);
            long askedAt = time.GetTimestamp();
            Envelope answer = await link.RequestAsync(
                new Envelope { Find = new Find { Target = ByteString.CopyFrom(target) } },
                StreamPriority.Control,
                AnswerMax,
                time,
                either.Token);

            // It looked at its clock half of the way between the question and the answer, as far as one can know.
            DateTimeOffset then = time.GetUtcNow() - (time.GetElapsedTime(askedAt) / 2);
            return answer.Found is { NowMs: > 0 and <= WireLimits.UnixMsMax } found
                ? DateTimeOffset.FromUnixTimeMilliseconds((long)found.NowMs) - then
                : null;
        }
        catch (Exception gone) when (gone is LinkClosedException or FaultException or ProtocolException
            or OperationCanceledException)
        {
            cancel.ThrowIfCancellationRequested();
            return null;
        }
    }
}
