using Swarm.Protocol;
using Swarm.Protocol.Messages;
using Swarm.Protocol.Transport;

namespace Swarm.Node.Membership;

/// <summary>Gives a held model's manifest and header to those who have no file, so that they can tokenize.</summary>
internal sealed class ModelServer(
    ReadOnlyMemory<byte> model, ReadOnlyMemory<byte> manifest, ReadOnlyMemory<byte> header)
{
    /// <summary>Answers one <see cref="FetchModel"/>.</summary>
    public async Task AnswerAsync(Envelope first, ILinkStream stream, CancellationToken cancel)
    {
        if (!first.FetchModel.Model.Span.SequenceEqual(model.Span))
        {
            throw new FaultException(FaultCode.NotServed, "This node does not hold that model.");
        }

        var parts = new ModelParts { ManifestBytes = (ulong)manifest.Length, HeaderBytes = (ulong)header.Length };
        await stream.SendAsync(new Envelope { ModelParts = parts }, default, cancel);
        ulong offset = 0;

        foreach (ReadOnlyMemory<byte> whole in (ReadOnlyMemory<byte>[])[manifest, header])
        {
            for (int at = 0; at < whole.Length; at += ModelLimits.PartBytes)
            {
                ReadOnlyMemory<byte> slice = whole.Slice(at, Math.Min(ModelLimits.PartBytes, whole.Length - at));
                await stream.SendAsync(new Envelope { ModelPart = new ModelPart { Offset = offset } }, slice, cancel);
                offset += (ulong)slice.Length;
            }
        }

        await stream.EndAsync(cancel);
    }
}
