using Google.Protobuf;
using Swarm.Protocol;
using Swarm.Protocol.Identity;
using Swarm.Protocol.Messages;
using Swarm.Protocol.Records;
using Swarm.Protocol.Transport;
using Swarm.Protocol.Wire;

namespace Swarm.Fuzz;

/// <summary>Messages of every kind, and what is made of those that strangers are first asked for.</summary>
internal sealed class MessagesTarget() : PacketTarget("messages", [.. All().Select(message => message.ToByteArray())])
{
    private static readonly Hello Own = NewHello();

    // Every byte of a message may be the beginning of an object: an empty element of a repeated field has two.
    protected override (int Bytes, int Times) Allowed => (16 * 1024, 256);

    protected override void ReadPacket(ReadOnlySpan<byte> packet)
    {
        try
        {
            Use(Protobuf.Parse(Envelope.Parser, packet));
        }
        catch (Exception e) when (e is ProtocolException or FaultException)
        {
        }
    }

    private static void Use(Envelope message)
    {
        switch (message.BodyCase)
        {
            case Envelope.BodyOneofCase.Hello:
                _ = Hellos.Refusal(Own, message.Hello);
                break;
            case Envelope.BodyOneofCase.Found:
                foreach (Contact named in message.Found.Closer)
                {
                    _ = Dht.Routing.Contact.TryRead(named, out _);
                }

                break;
            case Envelope.BodyOneofCase.OpenSession when message.OpenSession.Ticket is { } ticket:
                _ = Tickets.Open(ticket, FrozenTime.Utc, out _);
                break;
            case Envelope.BodyOneofCase.OpenHop when message.OpenHop.Ticket is { } ticket:
                _ = Tickets.Open(ticket, FrozenTime.Utc, out _);
                break;
            default:
                _ = message.CalculateSize();
                break;
        }
    }

    // Of those that cost a signature there is one among many.
    private static IEnumerable<Envelope> All()
    {
        NodeKey origin = FuzzKeys.Node;
        var id = ByteString.CopyFrom(new byte[NodeId.Size]);
        var address = new Address { Host = "192.168.1.7", Port = 4747 };
        var contact = new Contact { Node = id, Addresses = { address, address } };
        var record = SignedRecords.Sign(
            origin, origin.Id, 7, FrozenTime.Utc, TimeSpan.FromSeconds(120), new byte[300]);
        var ticket = new Ticket
        {
            Session = ByteString.CopyFrom(new byte[WireLimits.SessionIdBytes]),
            Swarm = ByteString.CopyFrom(new byte[SwarmId.Size]),
            Model = ByteString.CopyFrom(new byte[WireLimits.ModelHashBytes]),
            Stages = { new RouteStage { Node = id, Last = 4, Addresses = { address } } },
            ExpiresMs = (ulong)FrozenTime.Utc.AddHours(1).ToUnixTimeMilliseconds(),
        };

        yield return new Envelope { OpenSession = new OpenSession { Ticket = Tickets.Sign(origin, ticket), Stage = 1 } };

        for (int turn = 0; turn < 4; turn++)
        {
            yield return new Envelope { Hello = NewHello() };
            yield return new Envelope { Fault = new Fault { Code = FaultCode.Busy, Message = "busy", Peer = id } };
            yield return new Envelope { Find = new Find { Target = id, Records = true } };
            yield return new Envelope { Found = new Found { Closer = { contact, contact }, Records = { record } } };
            yield return new Envelope { Store = new Store { Records = { record, record } } };
            yield return new Envelope { Stored = new Stored { Refusals = { "", "full" } } };
            yield return new Envelope { SessionOpened = new SessionOpened { Position = 3, KvBytes = 1 << 20 } };
            yield return new Envelope
            {
                Step = new Step
                {
                    Epoch = 2,
                    Position = 7,
                    Tokens = { 1, 2, 70_000 },
                    Tensor = new TensorHeader { Type = DataType.F32, Rows = 3, Columns = 64, Crc32C = 9 },
                },
            };
            yield return new Envelope { Token = new Token { Epoch = 2, Position = 8, Id = 9, Finish = Finish.Stop } };
            yield return new Envelope { Progress = new Progress { Received = 4, Computed = 3, Sent = 2, Open = true } };
            yield return new Envelope { FetchModel = new FetchModel { Model = id } };
            yield return new Envelope { Leave = new Leave { Token = id } };
        }
    }

    private static Hello NewHello()
    {
        Hello hello = Hellos.Create(SwarmId.FromName("fuzz"), 1, "swarm 0.1.0", "oak", server: true);
        hello.Addresses.Add(new Address { Host = "node.example", Port = 4747 });
        return hello;
    }
}
