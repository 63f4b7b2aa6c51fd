using System.Buffers;
using System.Text;
using System.Text.Json;
using Swarm.Inference.Model;
using Swarm.Node.Membership;
using Swarm.Node.Routing;

namespace Swarm.Node.CommandLine;

/// <summary>What <c>swarm status --json</c> says.</summary>
internal static class StatusJson
{
    public static string Write(SwarmStatus status, OwnNode? own)
    {
        var buffer = new ArrayBufferWriter<byte>();

        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Indented = true }))
        {
            json.WriteStartObject();
            json.WriteString("swarm", status.Swarm);
            json.WriteNumber("nodes", status.NodeCount);
            json.WriteStartArray("models");

            foreach (ModelStatus model in status.Models)
            {
                WriteModel(json, model);
            }

            json.WriteEndArray();

            if (own is not null)
            {
                WriteOwn(json, own);
            }

            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    private static void WriteOwn(Utf8JsonWriter json, OwnNode own)
    {
        json.WriteStartObject("ownNode");
        json.WriteString("node", own.Id.ToString());
        json.WriteString("name", own.Name);
        json.WriteStartArray("links");

        foreach (NodeLink link in own.Links)
        {
            json.WriteStartObject();
            json.WriteString("node", link.Node.ToString());
            json.WriteString("name", link.Name);
            json.WriteString("way", link.Way.ToString().ToLowerInvariant());
            json.WriteString("relay", link.Relay?.ToString());
            json.WriteString("seenAt", link.SeenAt is { } seen ? (seen with { Node = null }).ToString() : null);

            if (link.RoundTripMs > 0)
            {
                json.WriteNumber("roundTripMs", Math.Round(link.RoundTripMs, 3));
            }
            else
            {
                json.WriteNull("roundTripMs");
            }

            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WriteModel(Utf8JsonWriter json, ModelStatus model)
    {
        json.WriteStartObject();
        json.WriteString("name", model.Listing.Name);
        json.WriteString("manifest", Convert.ToHexStringLower(model.Listing.Model.Span));
        json.WriteString("architecture", model.Listing.Architecture);
        json.WriteNumber("blocks", model.BlockCount);
        json.WriteNumber("bytes", model.Listing.Bytes);
        json.WriteStartArray("replicas");

        foreach (int replicas in model.Replicas)
        {
            json.WriteNumberValue(replicas);
        }

        json.WriteEndArray();
        json.WriteStartArray("uncovered");

        foreach (BlockRange range in model.Uncovered)
        {
            json.WriteStringValue(range.ToString());
        }

        json.WriteEndArray();
        json.WriteStartArray("nodes");

        foreach (PeerOffer offer in model.View.Offers)
        {
            WriteOffer(json, offer);
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WriteOffer(Utf8JsonWriter json, PeerOffer offer)
    {
        json.WriteStartObject();
        json.WriteString("node", offer.Node.ToString());
        json.WriteString("name", offer.Offer.Name);
        json.WriteString("blocks", offer.Blocks.ToString());
        json.WriteString("state", offer.Offer.State.ToString().ToLowerInvariant());
        json.WriteNumber("decodePerBlockMs", offer.Offer.DecodePerBlockMs);
        json.WriteNumber("prefillPerBlockMs", offer.Offer.PrefillPerBlockMs);
        json.WriteNumber("kvTokensFree", offer.Offer.KvTokensFree);
        json.WriteNumber("queueDepth", offer.Offer.QueueDepth);
        json.WriteString("software", offer.Offer.Software);
        json.WriteString("reach", offer.IsRelayed ? "relayed" : "direct");
        json.WriteStartArray("addresses");

        foreach (Protocol.Messages.Address address in offer.Offer.Addresses)
        {
            if (Protocol.Transport.PeerAddress.Read(address, offer.Node) is { } read)
            {
                // Whose they are is said above, except where a relay stands between.
                json.WriteStringValue((read.Relay is null ? read with { Node = null } : read).ToString());
            }
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }
}
