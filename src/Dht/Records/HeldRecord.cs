using Swarm.Protocol.Identity;
using Swarm.Protocol.Messages;

namespace Swarm.Dht.Records;

/// <summary>One signer's record under one key, and, when it has expired, the memory of its sequence number.</summary>
/// <param name="Signer">The sub-key.</param>
/// <param name="Sequence">No lower one is accepted again.</param>
/// <param name="Record">The record, or null once it has expired.</param>
/// <param name="Bytes">What it counts for in the store's budget.</param>
/// <param name="Expires">When it is served no longer.</param>
/// <param name="Forgotten">When every older record of this signer has expired as well, so that none can come
/// back.</param>
internal sealed record HeldRecord(
    NodeId Signer, ulong Sequence, SignedRecord? Record, int Bytes, TimeSpan Expires, TimeSpan Forgotten)
{
    /// <summary>When it expires, or, when it has, is forgotten.</summary>
    internal TimeSpan NextChange => Record is null ? Forgotten : Expires;

    /// <summary>Whether it may be given to others.</summary>
    internal bool IsLive(TimeSpan now) => Record is not null && now < Expires;
}
