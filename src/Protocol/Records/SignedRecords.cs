using System.Buffers.Binary;
using Google.Protobuf;
using Swarm.Protocol.Identity;
using Swarm.Protocol.Messages;
using Swarm.Protocol.Wire;

namespace Swarm.Protocol.Records;

/// <summary>Makes and checks the signed claims that the DHT holds.</summary>
public static class SignedRecords
{
    private const string Domain = "swarm-record/1";

    /// <summary>Signs a claim of <paramref name="key"/>'s owner under a DHT key.</summary>
    public static SignedRecord Sign(
        NodeKey key,
        NodeId dhtKey,
        ulong sequence,
        DateTimeOffset issued,
        TimeSpan ttl,
        ReadOnlySpan<byte> value)
    {
        byte[] under = new byte[NodeId.Size];
        dhtKey.Write(under);

        var record = new SignedRecord
        {
            PublicKey = ByteString.CopyFrom(key.PublicKey),
            Key = UnsafeByteOperations.UnsafeWrap(under),
            Sequence = sequence,
            IssuedMs = (ulong)issued.ToUnixTimeMilliseconds(),
            TtlSeconds = (uint)ttl.TotalSeconds,
            Value = ByteString.CopyFrom(value),
        };

        record.Signature = UnsafeByteOperations.UnsafeWrap(key.SignLaidOut(Layout(record)));
        return record;
    }

    /// <summary>
    /// Whether the record is within its limits and signed by the key it names; cheap checks come before the signature.
    /// Its age, its sequence and what its value means are the reader's business.
    /// </summary>
    /// <param name="record">What a peer sent.</param>
    /// <param name="signer">Whose it is.</param>
    /// <param name="check">How signatures are checked, when not as in life.</param>
    public static bool TryVerify(SignedRecord record, out NodeId signer, SignatureCheck? check = null)
    {
        signer = default;

        if (record.Key.Length != NodeId.Size
            || record.Value.Length > WireLimits.RecordValueBytesMax
            || record.TtlSeconds is 0 or > WireLimits.RecordTtlSecondsMax
            || record.IssuedMs > WireLimits.UnixMsMax
            || record.Signature.Length != PublicKeys.SignatureSize
            || !PublicKeys.IsWellFormed(record.PublicKey.Span)
            || !(check ?? NodeKey.VerifyLaidOut)(record.PublicKey.Span, Layout(record), record.Signature.Span))
        {
            return false;
        }

        signer = record.Claimed;
        return true;
    }

    private static byte[] Layout(SignedRecord record)
    {
        byte[] numbers = new byte[20];
        BinaryPrimitives.WriteUInt64LittleEndian(numbers, record.Sequence);
        BinaryPrimitives.WriteUInt64LittleEndian(numbers.AsSpan(8), record.IssuedMs);
        BinaryPrimitives.WriteUInt32LittleEndian(numbers.AsSpan(16), record.TtlSeconds);

        return SignedBytes.Layout(
            Domain,
            record.Key.Memory,
            numbers.AsMemory(0, 8),
            numbers.AsMemory(8, 8),
            numbers.AsMemory(16, 4),
            record.Value.Memory);
    }
}
