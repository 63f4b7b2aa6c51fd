using Google.Protobuf;
using NUnit.Framework;
using Swarm.Protocol.Identity;
using Swarm.Protocol.Messages;
using Swarm.Protocol.Records;
using Swarm.Protocol.Wire;
using Swarm.Testing;

namespace Swarm.Protocol.Tests.Records;

[TestFixture]
[Parallelizable(ParallelScope.All)]
public sealed class SignedRecordsTests
{
    private static readonly DateTimeOffset Now = DateTimeOffset.FromUnixTimeSeconds(1_800_000_000);

    [Test]
    public void A_record_proves_who_signed_it()
    {
        using var key = NodeKey.Create();
        SignedRecord record = Record(key);

        Assert.That(SignedRecords.TryVerify(SignedRecord.Parser.ParseFrom(record.ToByteArray()), out NodeId signer));
        Assert.That(signer, Is.EqualTo(key.Id));
    }

    private static readonly (string What, Action<SignedRecord> Change)[] Mutants =
    [
        ("moved under another key", record => record.Key = ByteString.CopyFrom(new byte[32])),
        ("a key of another size", record => record.Key = ByteString.CopyFrom(new byte[31])),
        ("another sequence", record => record.Sequence++),
        ("another issue", record => record.IssuedMs++),
        ("another life", record => record.TtlSeconds++),
        ("another value", record => record.Value = ByteString.CopyFromUtf8("other")),
        ("no signature", record => record.Signature = ByteString.Empty),
        ("a longer signature", record => record.Signature = ByteString.CopyFrom([.. record.Signature, 0])),
        ("another signer", record => record.PublicKey = ByteString.CopyFrom(Stranger())),
        ("no signer", record => record.PublicKey = ByteString.Empty),
        ("no life", record => record.TtlSeconds = 0),
        ("too long a life", record => record.TtlSeconds = WireLimits.RecordTtlSecondsMax + 1),
        ("an impossible time", record => record.IssuedMs = ulong.MaxValue),
        ("too large a value",
            record => record.Value = ByteString.CopyFrom(new byte[WireLimits.RecordValueBytesMax + 1])),
    ];

    [TestCaseSource(nameof(Mutants))]
    public void A_changed_record_proves_nothing((string What, Action<SignedRecord> Change) mutant)
    {
        using var key = NodeKey.Create();
        SignedRecord record = Record(key);
        mutant.Change(record);

        Assert.That(SignedRecords.TryVerify(record, out _), Is.False, mutant.What);
    }

    [Test]
    public void Limits_hold_even_with_a_good_signature()
    {
        using var key = NodeKey.Create();

        Assert.That(SignedRecords.TryVerify(Record(key, ttlSeconds: 600), out _));
        Assert.That(SignedRecords.TryVerify(Record(key, ttlSeconds: 601), out _), Is.False);
        Assert.That(SignedRecords.TryVerify(Record(key, valueBytes: 1024), out _));
        Assert.That(SignedRecords.TryVerify(Record(key, valueBytes: 1025), out _), Is.False);
    }

    [Test]
    public void A_ticket_opens_for_its_time_and_names_its_origin()
    {
        using var key = NodeKey.Create();
        SignedTicket signed = Tickets.Sign(key, Ticket());

        Assert.That(Tickets.Open(signed, Now, out NodeId origin), Is.EqualTo(Ticket()));
        Assert.That(origin, Is.EqualTo(key.Id));
        Refuses(signed, Now.AddMinutes(5));
        signed.Ticket = ByteString.CopyFrom([.. signed.Ticket, 0]);
        Refuses(signed, Now);
    }

    private static readonly (string What, Action<Ticket> Change)[] BadTickets =
    [
        ("a short session", ticket => ticket.Session = ByteString.CopyFrom(new byte[15])),
        ("no swarm", ticket => ticket.Swarm = ByteString.Empty),
        ("no model", ticket => ticket.Model = ByteString.Empty),
        ("no stages", ticket => ticket.Stages.Clear()),
        ("a gap", ticket => ticket.Stages[1].First = 4),
        ("an overlap", ticket => ticket.Stages[1].First = 2),
        ("a late start", ticket => ticket.Stages[0].First = 1),
        ("an empty stage", ticket => ticket.Stages[1].Last = 3),
        ("a stage of nobody", ticket => ticket.Stages[0].Node = ByteString.Empty),
        ("too many stages",
            ticket => Enumerable.Range(6, 200).ToList().ForEach(i => ticket.Stages.Add(Stage(i, i + 1)))),
        ("too many bytes", ticket => ticket.Stages[0].Addresses.Add(new Address { Host = new string('x', 20_000) })),
    ];

    [TestCaseSource(nameof(BadTickets))]
    public void A_malformed_ticket_is_refused_though_signed((string What, Action<Ticket> Change) bad)
    {
        using var key = NodeKey.Create();
        Ticket ticket = Ticket();
        bad.Change(ticket);
        Refuses(Tickets.Sign(key, ticket), Now, bad.What);
    }

    [Test]
    public void A_signature_for_a_record_opens_no_ticket()
    {
        using var key = NodeKey.Create();
        SignedTicket signed = Tickets.Sign(key, Ticket());
        signed.Signature = ByteString.CopyFrom(key.Sign("swarm-record/1", signed.Ticket.Span));
        Refuses(signed, Now);
    }

    private static void Refuses(SignedTicket ticket, DateTimeOffset now, string why = "")
        => Assert.That(
            () => Tickets.Open(ticket, now, out _),
            Throws.TypeOf<FaultException>().With.Property("Code").EqualTo(FaultCode.BadTicket),
            why);

    private static SignedRecord Record(NodeKey key, int ttlSeconds = 180, int valueBytes = 10)
        => SignedRecords.Sign(
            key, TestIdentity.Node(5), 7, Now, TimeSpan.FromSeconds(ttlSeconds), new byte[valueBytes]);

    private static Ticket Ticket() => new()
    {
        Session = ByteString.CopyFrom(new byte[16]),
        Swarm = ByteString.CopyFrom(new byte[16]),
        Model = ByteString.CopyFrom(new byte[32]),
        Stages = { Stage(0, 3), Stage(3, 6) },
        ExpiresMs = (ulong)Now.AddMinutes(5).ToUnixTimeMilliseconds(),
    };

    private static RouteStage Stage(int first, int last) => new()
    {
        Node = ByteString.CopyFrom(new byte[32]),
        First = (uint)first,
        Last = (uint)last,
    };

    private static byte[] Stranger()
    {
        using var key = NodeKey.Create();
        return key.PublicKey;
    }
}
