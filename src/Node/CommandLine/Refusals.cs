using System.Net.Sockets;
using Swarm.Inference.Forward;
using Swarm.Inference.Model;
using Swarm.Node.Routing;
using Swarm.Protocol;
using Swarm.Protocol.Identity;
using Swarm.Protocol.Messages;
using Swarm.Protocol.Transport;

namespace Swarm.Node.CommandLine;

/// <summary>What each failure means to a person, and its exit code: the one table of both.</summary>
internal static class Refusals
{
    /// <summary>The exit code and the line for an exception that ended a command.</summary>
    public static (int ExitCode, string Message) Explain(Exception exception) => exception switch
    {
        CommandException refusal => (refusal.ExitCode, refusal.Message),
        OperationCanceledException => (ExitCode.Interrupted, "stopped."),
        FaultException { Code: FaultCode.OtherSwarm }
            => (ExitCode.Failed, "that node belongs to another swarm: give its swarm's name with --swarm."),
        FaultException { Code: FaultCode.Version } fault
            => (ExitCode.Failed, $"that node runs another version: {fault.Message} Use the same version on both."),
        RouteException route => (ExitCode.NoRoute, route.Message),
        NotFiniteException overflow => (ExitCode.Failed,
            $"the model's numbers overflow on this text: {overflow.Message}"),
        GgufException model => (ExitCode.Usage, model.Message),
        IdentityException identity => (ExitCode.Failed, identity.Message),
        FaultException fault => (ExitCode.Failed, fault.Message),
        ProtocolException broken => (ExitCode.Failed,
            $"the other side is not a swarm node, or broke the protocol: {broken.Message}"),
        LinkClosedException gone => (ExitCode.Failed, gone.Message),
        SocketException { SocketErrorCode: SocketError.AddressAlreadyInUse }
            => (ExitCode.Failed, "the port is in use: choose another with --listen."),
        SocketException socket => (ExitCode.Failed, $"network: {socket.Message}"),
        UnauthorizedAccessException denied => (ExitCode.Failed, $"no permission: {denied.Message}"),
        IOException io => (ExitCode.Failed, io.Message),
        OutOfMemoryException => (ExitCode.Failed,
            "out of memory: take fewer blocks with --blocks, or a shorter context."),
        _ => (ExitCode.Failed, $"a defect in swarm: {exception.GetType().Name}: {exception.Message} (SWARM_TRACE=1 "
            + "shows where)"),
    };
}
