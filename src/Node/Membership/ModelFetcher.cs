using System.Security.Cryptography;
using Google.Protobuf;
using Swarm.Inference.Model;
using Swarm.Protocol;
using Swarm.Protocol.Messages;
using Swarm.Protocol.Transport;

namespace Swarm.Node.Membership;

/// <summary>Fetches a model's manifest and header from a holder; a single wrong bit is found by their hashes.</summary>
internal sealed class ModelFetcher(LinkPool links, TimeProvider time)
{
    /// <summary>Asks one holder after the other until one gives what the hash promises.</summary>
    /// <exception cref="LinkClosedException">None of them did.</exception>
    public async Task<ModelFile> FetchAsync(
        ReadOnlyMemory<byte> model,
        IEnumerable<PeerAddress> holders,
        CancellationToken cancel)
    {
        string reason = "nobody is known to hold it";

        foreach (PeerAddress holder in holders.Take(ModelLimits.HoldersMax))
        {
            try
            {
                return ModelFile.FromHeader(await FetchHeaderAsync(model, holder, cancel));
            }
            catch (Exception failure) when (
                failure is LinkClosedException or FaultException or ProtocolException or GgufException)
            {
                reason = failure.Message;
            }
            catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
            {
                reason = $"{holder} was silent for {ModelLimits.PartTimeout.TotalSeconds} s";
            }
        }

        throw new LinkClosedException($"the model's header could not be fetched from any holder: {reason}.");
    }

    private async Task<byte[]> FetchHeaderAsync(
        ReadOnlyMemory<byte> model, PeerAddress holder, CancellationToken cancel)
    {
        using var patience = new CancellationTokenSource(ModelLimits.PartTimeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancel);
        ILink link = await links.GetAsync(holder, either.Token);
        await using ILinkStream stream = await link.OpenAsync(StreamPriority.Bulk, either.Token);
        var ask = new Envelope { FetchModel = new FetchModel { Model = ByteString.CopyFrom(model.Span) } };
        await stream.SendAsync(ask, default, either.Token);
        await stream.EndAsync(either.Token);
        ModelParts parts = (await stream.ReceiveAsync(either.Token)) switch
        {
            { ModelParts: { } answer } => answer,
            { Fault: { } fault } => throw new FaultException(fault),
            _ => throw new FaultException(FaultCode.NotServed, "The holder did not answer with a model."),
        };

        if (parts.ManifestBytes is 0 or > ModelLimits.ManifestBytesMax
            || parts.HeaderBytes is 0 or > ModelLimits.HeaderBytesMax)
        {
            throw new FaultException(
                FaultCode.NotServed, "The holder offers a manifest or header of an impossible size.");
        }

        // The manifest first: it alone is proven by the hash, and it proves the header.
        byte[] manifest = new byte[parts.ManifestBytes];
        await ReadAsync(stream, manifest, 0, patience, either.Token);

        if (!SHA256.HashData(manifest).AsSpan().SequenceEqual(model.Span))
        {
            throw new FaultException(FaultCode.NotServed, "The holder's manifest is not the one its hash promises.");
        }

        byte[] header = new byte[parts.HeaderBytes];
        await ReadAsync(stream, header, parts.ManifestBytes, patience, either.Token);

        return SHA256.HashData(header).AsSpan().SequenceEqual(ModelManifest.Parse(manifest).HeaderHash.Span)
            ? header
            : throw new FaultException(FaultCode.NotServed, "The holder's header is not the one its hash promises.");
    }

    // Parts arrive in order and fill their place exactly; each one earns the holder new patience.
    private static async Task ReadAsync(
        ILinkStream stream,
        Memory<byte> destination,
        ulong start,
        CancellationTokenSource patience,
        CancellationToken cancel)
    {
        int filled = 0;

        while (filled < destination.Length)
        {
            Envelope? message = await stream.ReceiveAsync(cancel);
            int length = stream.PayloadLength;

            if (message?.ModelPart is not { } part
                || part.Offset != start + (ulong)filled
                || length == 0
                || length > destination.Length - filled)
            {
                throw new FaultException(FaultCode.NotServed, "The holder sent a part out of its order or size.");
            }

            await stream.ReadPayloadAsync(destination.Slice(filled, length), cancel);
            filled += length;
            patience.CancelAfter(ModelLimits.PartTimeout);
        }
    }
}
