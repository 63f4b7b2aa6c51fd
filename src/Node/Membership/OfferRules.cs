using Swarm.Dht.Records;
using Swarm.Node.Routing;
using Swarm.Protocol;
using Swarm.Protocol.Messages;
using Swarm.Protocol.Wire;

namespace Swarm.Node.Membership;

/// <summary>What makes a stranger's announcement worth believing; the signature was checked before.</summary>
internal static class OfferRules
{
    // The deepest models have about 130 blocks; a thousand leaves room and bounds what a reader allocates.
    private const uint BlocksMax = 1024;

    // Ten minutes for one token through one block: whoever is slower is of no use.
    private const double MillisecondsMax = 600_000;

    // A context of a hundred million positions does not exist.
    private const uint ContextMax = 100_000_000;

    /// <summary>Reads an offer of a model's blocks; null when the record claims nonsense.</summary>
    public static PeerOffer? ReadOffer(FoundRecord record, ReadOnlySpan<byte> model)
    {
        BlockOffer offer;

        try
        {
            offer = Protobuf.Parse(BlockOffer.Parser, record.Value.Span);
        }
        catch (ProtocolException)
        {
            return null;
        }

        bool isSound = offer.Model.Span.SequenceEqual(model)
            && offer.BlockCount is > 0 and <= BlocksMax
            && offer.First < offer.Last
            && offer.Last <= offer.BlockCount
            && offer.State is > OfferState.Unspecified and <= OfferState.Left
            && IsDuration(offer.DecodePerBlockMs)
            && IsDuration(offer.PrefillPerBlockMs)
            && offer.Links.All(link => IsDuration(link.RoundTripMs) && IsDuration(link.MegabitsPerSecond))
            && offer.Addresses.Count <= WireLimits.AddressesMax;

        if (!isSound)
        {
            return null;
        }

        offer.Name = Printable(offer.Name);
        offer.Software = Printable(offer.Software);
        return new PeerOffer(record.Signer, offer);
    }

    /// <summary>Reads a listing of a model; null when the record claims nonsense.</summary>
    public static ListedModel? ReadListing(FoundRecord record)
    {
        ModelListing listing;

        try
        {
            listing = Protobuf.Parse(ModelListing.Parser, record.Value.Span);
        }
        catch (ProtocolException)
        {
            return null;
        }

        // A holder that left leaves an empty listing behind.
        bool isSound = listing.Model.Length == WireLimits.ModelHashBytes
            && listing.BlockCount is > 0 and <= BlocksMax
            && listing.ContextLength is > 0 and <= ContextMax
            && listing.Addresses.Count <= WireLimits.AddressesMax;

        if (!isSound)
        {
            return null;
        }

        listing.Name = Printable(listing.Name);
        listing.Architecture = Printable(listing.Architecture);
        return new ListedModel(record.Signer, listing);
    }

    /// <summary>A stranger's words without what could drive a terminal, and not too many of them.</summary>
    public static string Printable(string text)
        => string.Concat(text
            .Where(letter => !char.IsControl(letter) && !char.IsSurrogate(letter))
            .Take(WireLimits.NameLettersMax));

    private static bool IsDuration(double value) => double.IsFinite(value) && value is >= 0 and <= MillisecondsMax;
}
