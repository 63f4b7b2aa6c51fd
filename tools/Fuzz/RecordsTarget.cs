using Google.Protobuf;
using Swarm.Dht;
using Swarm.Dht.Records;
using Swarm.Node.Membership;
using Swarm.Protocol;
using Swarm.Protocol.Identity;
using Swarm.Protocol.Messages;
using Swarm.Protocol.Records;
using Swarm.Protocol.Wire;

namespace Swarm.Fuzz;

/// <summary>Signed records on their way into a holder's store and to a reader, and the offers in them.</summary>
internal sealed class RecordsTarget() : PacketTarget("records", [.. Records().Select(record => record.ToByteArray())])
{
    // A signature takes fifty microseconds and a node checks few of a flood: so does this.
    private const int ChecksOneIn = 32;

    private static readonly byte[] Model = new byte[WireLimits.ModelHashBytes];
    private static readonly NodeId Key = NodeId.Read(new byte[NodeId.Size]);

    private readonly RecordStore _store = new(FuzzKeys.Node.Id);
    private readonly Moment _now = new(TimeSpan.FromHours(1), FrozenTime.Utc);
    private int _read;

    protected override (int Bytes, int Times) Allowed => (32 * 1024, 256);

    protected override void ReadPacket(ReadOnlySpan<byte> packet)
    {
        SignedRecord record;

        try
        {
            record = Protobuf.Parse(SignedRecord.Parser, packet);
        }
        catch (ProtocolException)
        {
            return;
        }

        bool mayCheck = _read++ % ChecksOneIn == 0;
        _ = _store.Accept(record, _now, () => mayCheck);

        if (mayCheck && RecordRules.IsReadable(record, Key, FrozenTime.Utc, out NodeId signer)
            && signer != FuzzKeys.Node.Id)
        {
            throw new InvalidOperationException("A record is of a node that never signed one.");
        }

        // As if it were signed: a member may sign anything.
        var found = new FoundRecord(FuzzKeys.Node.Id, record.Sequence, FrozenTime.Utc, record.Value.Memory);
        _ = OfferRules.ReadOffer(found, Model);
        _ = OfferRules.ReadListing(found);

        if (_store.Count > DhtLimits.KeysMax * DhtLimits.RecordsPerKeyMax || _store.Bytes > DhtLimits.StoreBytesMax)
        {
            throw new InvalidOperationException($"The store holds {_store.Count} records, {_store.Bytes} bytes.");
        }
    }

    private static IEnumerable<SignedRecord> Records()
    {
        var address = new Address { Host = "192.168.1.7", Port = 4747 };
        byte[] offer = new BlockOffer
        {
            Model = ByteString.CopyFrom(Model),
            First = 4,
            Last = 8,
            BlockCount = 16,
            State = OfferState.Serving,
            DecodePerBlockMs = 0.5,
            PrefillPerBlockMs = 0.1,
            Links = { new MeasuredLink { Node = ByteString.CopyFrom(Model), RoundTripMs = 3 } },
            Addresses = { address, address },
            Name = "oak",
            Software = "swarm 0.1.0",
        }.ToByteArray();
        byte[] listing = new ModelListing
        {
            Name = "fable",
            Model = ByteString.CopyFrom(Model),
            Architecture = "llama",
            BlockCount = 8,
            ContextLength = 512,
            Addresses = { address },
        }.ToByteArray();

        foreach (byte[] value in (byte[][])[offer, listing, [], new byte[WireLimits.RecordValueBytesMax]])
        {
            yield return SignedRecords.Sign(
                FuzzKeys.Node, Key, 7, FrozenTime.Utc, TimeSpan.FromSeconds(120), value);
        }
    }
}
