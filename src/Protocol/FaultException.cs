using Swarm.Protocol.Messages;

namespace Swarm.Protocol;

/// <summary>A peer refused or failed one request; the link lives on.</summary>
public sealed class FaultException(Fault fault) : Exception(fault.Message)
{
    /// <summary>What the peer said.</summary>
    public Fault Fault { get; } = fault;

    /// <summary>Why, for programs.</summary>
    public FaultCode Code => Fault.Code;

    /// <summary>A fault of one code and one sentence.</summary>
    public FaultException(FaultCode code, string message)
        : this(new Fault { Code = code, Message = message })
    {
    }
}
