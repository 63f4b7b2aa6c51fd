using Google.Protobuf;
using Swarm.Protocol.Identity;

namespace Swarm.Protocol.Messages;

/// <summary>A claim of a node's owner under a DHT key.</summary>
public sealed partial class SignedRecord
{
    private ByteString? _read;
    private NodeId _claimed;

    /// <summary>
    /// The node whose public key it names, worked out once; whether that node signed it is another question.
    /// </summary>
    public NodeId Claimed
    {
        get
        {
            if (!ReferenceEquals(_read, PublicKey))
            {
                (_claimed, _read) = (NodeKey.IdOf(PublicKey.Span), PublicKey);
            }

            return _claimed;
        }
    }
}
