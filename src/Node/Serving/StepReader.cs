using System.Numerics;
using System.Runtime.InteropServices;
using Swarm.Protocol;
using Swarm.Protocol.Messages;
using Swarm.Protocol.Transport;

namespace Swarm.Node.Serving;

/// <summary>Checks every word of a step against what the session knows, before a byte is allocated for it.</summary>
internal static class StepReader
{
    /// <summary>Positions in one step: at a width of 16,384 a tensor of 32 MiB, half of what may be sent.</summary>
    internal const int TokensMax = 512;

    /// <summary>Reads the step and the hidden states behind it.</summary>
    /// <exception cref="FaultException">It is not what the session expects.</exception>
    internal static async ValueTask<ReceivedStep> ReadAsync(
        Step step,
        ILinkStream stream,
        StageSeat seat,
        CancellationToken cancel)
    {
        Check(step, stream.PayloadLength, seat);
        int[] tokens = [.. step.Tokens.Select(token => (int)token)];
        float[] rows = new float[tokens.Length * seat.Width];

        if (!seat.IsFirst)
        {
            byte[] payload = new byte[stream.PayloadLength];
            await stream.ReadPayloadAsync(payload, cancel);
            Read(payload, step.Tensor.Crc32C, rows);
        }

        return new ReceivedStep((int)step.Position, tokens, (int)step.Target, step.Sample, rows);
    }

    /// <summary>The checks that need no payload.</summary>
    internal static void Check(Step step, int payloadLength, StageSeat seat)
    {
        int count = step.Tokens.Count;
        Require(count is > 0 and <= TokensMax, "a step of a wrong number of tokens");
        Require((ulong)step.Position + (uint)count <= (uint)seat.PositionsMax, "a step past the end");
        Require(step.Target >= seat.Index && step.Target < seat.StageCount, "a step for no stage of this route");
        Require(!step.Sample || step.Target == seat.StageCount - 1, "a step that lets another than the head draw");

        foreach (uint token in step.Tokens)
        {
            Require(token < seat.VocabularySize, "a token that the model does not know");
        }

        if (seat.IsFirst)
        {
            Require(step.Tensor is null && payloadLength == 0, "hidden states for the embedding");
            return;
        }

        Require(
            step.Tensor is { Type: DataType.F32 } tensor && tensor.Rows == count && tensor.Columns == seat.Width,
            "hidden states of another shape");
        Require(payloadLength == (long)count * seat.Width * sizeof(float), "hidden states of another length");
    }

    /// <summary>The raw form of hidden states and its checksum.</summary>
    internal static (byte[] Payload, TensorHeader Header) Write(ReadOnlySpan<float> rows, int count)
    {
        byte[] payload = new byte[rows.Length * sizeof(float)];
        rows.CopyTo(MemoryMarshal.Cast<byte, float>(payload.AsSpan()));

        if (!BitConverter.IsLittleEndian)
        {
            SwapBytes(payload);
        }

        var header = new TensorHeader
        {
            Type = DataType.F32,
            Rows = (uint)count,
            Columns = (uint)(rows.Length / count),
            Crc32C = Crc32C(payload),
        };
        return (payload, header);
    }

    private static void Read(byte[] payload, uint checksum, float[] rows)
    {
        Require(Crc32C(payload) == checksum, "hidden states with a wrong checksum");

        if (!BitConverter.IsLittleEndian)
        {
            SwapBytes(payload);
        }

        MemoryMarshal.Cast<byte, float>(payload.AsSpan()).CopyTo(rows);

        foreach (float value in rows)
        {
            Require(float.IsFinite(value), "hidden states that are not finite");
        }
    }

    private static void SwapBytes(byte[] payload)
    {
        Span<uint> words = MemoryMarshal.Cast<byte, uint>(payload.AsSpan());
        System.Buffers.Binary.BinaryPrimitives.ReverseEndianness(words, words);
    }

    private static uint Crc32C(ReadOnlySpan<byte> bytes)
    {
        uint crc = uint.MaxValue;
        ReadOnlySpan<ulong> words = MemoryMarshal.Cast<byte, ulong>(bytes);

        foreach (ulong word in words)
        {
            crc = BitOperations.Crc32C(crc, word);
        }

        foreach (byte rest in bytes[(words.Length * sizeof(ulong))..])
        {
            crc = BitOperations.Crc32C(crc, rest);
        }

        return ~crc;
    }

    private static void Require(bool holds, string what)
    {
        if (!holds)
        {
            throw new FaultException(FaultCode.Protocol, $"The predecessor sent {what}.");
        }
    }
}
