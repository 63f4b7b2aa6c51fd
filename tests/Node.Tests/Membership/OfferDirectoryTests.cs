using Google.Protobuf;
using NUnit.Framework;
using Swarm.Dht.Records;
using Swarm.Node.Membership;
using Swarm.Node.Routing;
using Swarm.Protocol.Identity;
using Swarm.Protocol.Messages;

namespace Swarm.Node.Tests.Membership;

/// <summary>What a reader believes of the offers it finds.</summary>
[TestFixture]
[Parallelizable]
public sealed class OfferDirectoryTests
{
    private static readonly byte[] Model = [.. Enumerable.Range(0, 32).Select(i => (byte)i)];
    private static readonly string[] Spans = ["0:2", "4:8"];
    private static readonly NodeId Ann = Id(1);
    private static readonly NodeId Bob = Id(2);

    [Test]
    public void The_newest_word_of_each_node_counts()
    {
        SwarmView view = Unite(Record(Ann, 5, Offer(0, 4)), Record(Ann, 6, Offer(0, 2)), Record(Bob, 1, Offer(4, 8)));

        Assert.That(view.Offers.Select(offer => $"{offer.Blocks}"), Is.EqualTo(Spans));
    }

    [Test]
    public void A_tombstone_removes_the_node_whatever_older_groups_still_say()
    {
        BlockOffer left = Offer(0, 4);
        left.State = OfferState.Left;

        Assert.That(Unite(Record(Ann, 5, Offer(0, 4)), Record(Ann, 6, left)).Offers, Is.Empty);
    }

    [Test]
    public void An_offer_of_another_model_is_not_seen()
    {
        BlockOffer other = Offer(0, 4);
        other.Model = ByteString.CopyFrom(new byte[32]);

        Assert.That(Unite(Record(Ann, 1, other)).Offers, Is.Empty);
    }

    [TestCase(4u, 4u, 8u)]
    [TestCase(4u, 9u, 8u)]
    [TestCase(0u, 4u, 0u)]
    [TestCase(0u, 4u, 4_000_000_000u)]
    public void A_span_that_cannot_be_is_not_believed(uint first, uint last, uint blocks)
    {
        BlockOffer offer = Offer(first, last);
        offer.BlockCount = blocks;

        Assert.That(OfferRules.ReadOffer(Record(Ann, 1, offer), Model), Is.Null);
    }

    [TestCase(double.NaN)]
    [TestCase(double.PositiveInfinity)]
    [TestCase(-1)]
    [TestCase(1e12)]
    public void A_time_that_cannot_be_is_not_believed(double milliseconds)
    {
        BlockOffer offer = Offer(0, 4);
        offer.DecodePerBlockMs = milliseconds;

        Assert.That(OfferRules.ReadOffer(Record(Ann, 1, offer), Model), Is.Null);
    }

    [Test]
    public void A_value_that_is_no_message_is_not_believed()
        => Assert.That(
            OfferRules.ReadOffer(new FoundRecord(Ann, 1, default, new byte[] { 0xFF, 0xFF }), Model), Is.Null);

    [Test]
    public void A_name_cannot_drive_the_terminal()
    {
        BlockOffer offer = Offer(0, 4);
        offer.Name = "\u001b[2Jann\r\n\u009b";

        Assert.That(OfferRules.ReadOffer(Record(Ann, 1, offer), Model)!.Offer.Name, Is.EqualTo("[2Jann"));
    }

    [Test]
    public void An_empty_listing_is_what_a_holder_leaves_behind()
        => Assert.That(
            OfferRules.ReadListing(new FoundRecord(Ann, 1, default, new ModelListing().ToByteArray())), Is.Null);

    private static SwarmView Unite(params FoundRecord[] records) => OfferDirectory.Unite(records, Model, 8);

    private static FoundRecord Record(NodeId node, ulong sequence, BlockOffer offer)
        => new(node, sequence, DateTimeOffset.MaxValue, offer.ToByteArray());

    private static BlockOffer Offer(uint first, uint last) => new()
    {
        Model = ByteString.CopyFrom(Model),
        First = first,
        Last = last,
        BlockCount = 8,
        State = OfferState.Serving,
        DecodePerBlockMs = 1,
    };

    private static NodeId Id(byte value)
    {
        byte[] bytes = new byte[NodeId.Size];
        bytes[0] = value;
        return NodeId.Read(bytes);
    }
}
