using Swarm.Protocol.Identity;
using Swarm.Protocol.Transport;

namespace Swarm.Fuzz;

/// <summary>Carries a <see cref="ScriptStream"/>: no socket of the system is opened for a few frames.</summary>
internal sealed class ScriptBearer(ScriptStream stream) : Bearer
{
    internal override PeerAddress? SeenAt => null;

    internal override NodeId? Relay => null;

    internal override void EndSending()
    {
    }

    internal override void Sever() => stream.Dispose();

    protected override Stream Open() => stream;
}
