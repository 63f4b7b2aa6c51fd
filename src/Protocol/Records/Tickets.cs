using Google.Protobuf;
using Swarm.Protocol.Identity;
using Swarm.Protocol.Messages;
using Swarm.Protocol.Wire;

namespace Swarm.Protocol.Records;

/// <summary>Makes and opens the origin's signed word on who computes what for a session.</summary>
public static class Tickets
{
    private const string Domain = "swarm-ticket/1";

    /// <summary>Signs a ticket with the origin's key.</summary>
    public static SignedTicket Sign(NodeKey origin, Ticket ticket)
    {
        byte[] bytes = ticket.ToByteArray();

        return new SignedTicket
        {
            Ticket = UnsafeByteOperations.UnsafeWrap(bytes),
            PublicKey = ByteString.CopyFrom(origin.PublicKey),
            Signature = UnsafeByteOperations.UnsafeWrap(origin.Sign(Domain, bytes)),
        };
    }

    /// <summary>
    /// Reads a ticket whose form, signature and expiry are right; whether it concerns this node is the reader's.
    /// </summary>
    /// <param name="envelope">What a peer sent.</param>
    /// <param name="now">Our own time.</param>
    /// <param name="origin">Who signed it.</param>
    /// <param name="check">How signatures are checked, when not as in life.</param>
    /// <exception cref="FaultException">With <see cref="FaultCode.BadTicket"/>: the ticket proves nothing.</exception>
    public static Ticket Open(
        SignedTicket envelope, DateTimeOffset now, out NodeId origin, SignatureCheck? check = null)
    {
        if (envelope.Ticket.Length > WireLimits.TicketBytesMax)
        {
            throw Bad($"it has {envelope.Ticket.Length} bytes, the limit is {WireLimits.TicketBytesMax}");
        }

        // The signature first: only its maker's bytes reach the parser.
        if (!NodeKey.Verify(envelope.PublicKey.Span, Domain, envelope.Ticket.Span, envelope.Signature.Span, check))
        {
            throw Bad("its signature does not fit");
        }

        Ticket ticket;

        try
        {
            ticket = Protobuf.Parse(Ticket.Parser, envelope.Ticket.Span);
        }
        catch (ProtocolException e)
        {
            throw Bad(e.Message);
        }

        if (ticket.Session.Length != WireLimits.SessionIdBytes
            || ticket.Swarm.Length != SwarmId.Size
            || ticket.Model.Length != WireLimits.ModelHashBytes)
        {
            throw Bad("its session, swarm or model has a wrong size");
        }

        CheckStages(ticket);

        if (ticket.ExpiresMs <= (ulong)now.ToUnixTimeMilliseconds())
        {
            throw Bad("it has expired");
        }

        origin = NodeKey.IdOf(envelope.PublicKey.Span);
        return ticket;
    }

    // The stages cover [0, L) exactly once, in order.
    private static void CheckStages(Ticket ticket)
    {
        if (ticket.Stages.Count is 0 or > WireLimits.StagesMax)
        {
            throw Bad($"it names {ticket.Stages.Count} stages");
        }

        uint next = 0;

        foreach (RouteStage stage in ticket.Stages)
        {
            if (stage.Node.Length != NodeId.Size || stage.First != next || stage.Last <= stage.First)
            {
                throw Bad("its stages do not follow one another");
            }

            next = stage.Last;
        }
    }

    private static FaultException Bad(string why) => new(FaultCode.BadTicket, $"The ticket is refused: {why}.");
}
