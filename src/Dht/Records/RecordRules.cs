using Swarm.Protocol.Identity;
using Swarm.Protocol.Messages;
using Swarm.Protocol.Records;

namespace Swarm.Dht.Records;

/// <summary>
/// What makes a record acceptable: the same for the node that holds it and for the node that reads it.
/// </summary>
public static class RecordRules
{
    /// <summary>Checks everything that costs next to nothing: sizes, key and times.</summary>
    /// <param name="record">What a peer sent.</param>
    /// <param name="now">Our own time.</param>
    /// <param name="lifetime">How long the record may be held or used from now on.</param>
    /// <returns>Null when nothing speaks against it, else the reason for people.</returns>
    public static string? RefuseByForm(SignedRecord record, DateTimeOffset now, out TimeSpan lifetime)
    {
        lifetime = TimeSpan.Zero;

        if (record.Key.Length != NodeId.Size)
        {
            return "The key must have 32 bytes.";
        }

        if (record.Value.Length > DhtLimits.ValueBytesMax || record.PublicKey.Length > DhtLimits.PublicKeyBytesMax)
        {
            return "The value or the public key is too long.";
        }

        if (record.TtlSeconds == 0 || record.TtlSeconds > DhtLimits.LeaseMax.TotalSeconds)
        {
            return "The lease must last from 1 to 600 s.";
        }

        var lease = TimeSpan.FromSeconds(record.TtlSeconds);
        long nowMs = now.ToUnixTimeMilliseconds();
        long skewMs = (long)DhtLimits.ClockSkewMax.TotalMilliseconds;

        if (record.IssuedMs > (ulong)(nowMs + skewMs))
        {
            return "Issued in the future: the signer's clock, or ours, is wrong.";
        }

        long leftMs = (long)record.IssuedMs + (long)lease.TotalMilliseconds + skewMs - nowMs;

        if (leftMs <= 0)
        {
            return "The lease has ended.";
        }

        lifetime = TimeSpan.FromMilliseconds(Math.Min(leftMs, lease.TotalMilliseconds));
        return null;
    }

    /// <summary>Checks what costs a signature: that the node whose sub-key this is has said it.</summary>
    /// <returns>Null when it has, else the reason for people.</returns>
    public static string? RefuseBySignature(SignedRecord record, out NodeId signer, SignatureCheck? check = null)
        => SignedRecords.TryVerify(record, out signer, check) ? null : "The signature is not of the key's owner.";

    /// <summary>The whole check, as a reader does it for a record it asked for.</summary>
    public static bool IsReadable(
        SignedRecord record, NodeId key, DateTimeOffset now, out NodeId signer, SignatureCheck? check = null)
    {
        signer = default;
        return RefuseByForm(record, now, out _) is null
            && NodeId.Read(record.Key.Span) == key
            && RefuseBySignature(record, out signer, check) is null;
    }
}
