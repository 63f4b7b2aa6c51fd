using System.Numerics;
using System.Runtime.InteropServices;
using Google.Protobuf;
using Swarm.Protocol;
using Swarm.Protocol.Identity;
using Swarm.Protocol.Messages;
using Swarm.Protocol.Records;
using Swarm.Protocol.Transport;
using Swarm.Testing;
using Swarm.Testing.Sessions;

namespace Swarm.Simulation.Tests;

/// <summary>
/// One real stage, the head with blocks 2:6, between an origin and a predecessor that say what a test wants.
/// </summary>
public sealed class StageByHand(SimulatedSessions simulation, StageNode node)
{
    public const int Width = 4;
    public const int ContextLength = 64;

    public static NodeKey Origin { get; } = NodeKey.Create();

    public static NodeKey Predecessor { get; } = NodeKey.Create();

    public static NodeKey Stranger { get; } = NodeKey.Create();

    public SimulatedSessions Simulation => simulation;

    public StageNode Node => node;

    /// <summary>Runs a story about a stage under the simulated clock.</summary>
    public static void Run(Func<StageByHand, Task> story, Func<SimulatedSessions>? begin = null)
    {
        SimulatedSessions simulation = begin?.Invoke() ?? new SimulatedSessions(seed: 1);
        simulation.Loop.Run(() => story(new StageByHand(simulation, simulation.Add(2, 6))));
    }

    public Ticket NewTicket(uint epoch = 1)
    {
        var ticket = new Ticket
        {
            Session = ByteString.CopyFrom([.. Enumerable.Range(1, 16).Select(i => (byte)i)]),
            Epoch = epoch,
            Swarm = ByteString.CopyFrom(SessionSwarm.Swarm.ToByteArray()),
            Model = node.Offer.Model,
            Numerics = Inference.Numerics.Version,
            Kv = KvType.F16,
            Wire = WireMode.F32,
            ContextLength = ContextLength,
            ExpiresMs = 3_600_000,
        };
        ticket.Stages.Add(new RouteStage { Node = Bytes(Predecessor.Id), First = 0, Last = 2 });
        ticket.Stages.Add(new RouteStage { Node = Bytes(node.Id), First = 2, Last = 6 });
        return ticket;
    }

    public static OpenSession NewOpen(SignedTicket ticket, uint committed = 40)
    {
        Sampling sampling = SessionSwarm.NewSampling(1);
        sampling.PositionsMax = ContextLength;
        return new OpenSession
        {
            Ticket = ticket,
            Stage = 1,
            Committed = committed,
            Sampling = sampling,
            LeaseMs = 10_000,
        };
    }

    /// <summary>Opens the session; the origin's control stream, with the stage's answer read.</summary>
    public async Task<(ILinkStream Control, uint Position)> OpenAsync(OpenSession open)
    {
        ILinkStream control = await AskAsync(open, Origin);
        Envelope? answer = await control.ReceiveAsync(CancellationToken.None);
        return (control, answer!.SessionOpened.Position);
    }

    public Task<(ILinkStream Control, uint Position)> OpenAsync(Ticket ticket, uint committed = 40)
        => OpenAsync(NewOpen(Tickets.Sign(Origin, ticket), committed));

    /// <summary>With which code the stage refuses to open.</summary>
    public async Task<FaultCode> RefusalAsync(OpenSession open, NodeKey sender)
    {
        ILinkStream control = await AskAsync(open, sender);

        try
        {
            _ = await control.ReceiveAsync(CancellationToken.None);
            return FaultCode.Unspecified;
        }
        catch (FaultException e)
        {
            return e.Code;
        }
    }

    /// <summary>A hop towards the stage, greeted with the ticket.</summary>
    public async Task<ILinkStream> HopAsync(NodeKey sender, SignedTicket ticket)
    {
        ILink link = await DialAsync(sender);
        ILinkStream hop = await link.OpenAsync(StreamPriority.Decode, CancellationToken.None);
        var open = new OpenHop { Ticket = ticket, Stage = 1 };
        await hop.SendAsync(new Envelope { OpenHop = open }, default, CancellationToken.None);
        return hop;
    }

    public static async Task PushAsync(ILinkStream hop, Step step, float[] rows)
    {
        byte[] payload = MemoryMarshal.AsBytes(rows.AsSpan()).ToArray();
        await hop.SendAsync(new Envelope { Step = step }, payload, CancellationToken.None);
    }

    /// <summary>Pushes steps of ids, each with hidden states that follow from them alone.</summary>
    public static Task PushAsync(ILinkStream hop, uint epoch, int position, int[] ids)
    {
        float[] rows = [.. ids.SelectMany(id => Enumerable.Range(1, Width).Select(i => (float)(id + i)))];
        return PushAsync(hop, NewStep(epoch, position, ids, rows), rows);
    }

    /// <summary>With which code the stage ends a hop.</summary>
    public static async Task<FaultCode> EndAsync(ILinkStream hop)
    {
        try
        {
            _ = await hop.ReceiveAsync(CancellationToken.None);
            return FaultCode.Unspecified;
        }
        catch (FaultException e)
        {
            return e.Code;
        }
    }

    /// <summary>A step that only fills this stage's cache, with a right checksum.</summary>
    public static Step NewStep(uint epoch, int position, int[] ids, float[] rows)
    {
        uint crc = uint.MaxValue;

        foreach (byte part in MemoryMarshal.AsBytes(rows.AsSpan()))
        {
            crc = BitOperations.Crc32C(crc, part);
        }

        var step = new Step { Epoch = epoch, Position = (uint)position, Target = 1 };
        step.Tokens.AddRange(ids.Select(id => (uint)id));
        step.Tensor = new TensorHeader
        {
            Type = DataType.F32,
            Rows = (uint)ids.Length,
            Columns = Width,
            Crc32C = ~crc,
        };
        return step;
    }

    private async Task<ILinkStream> AskAsync(OpenSession open, NodeKey sender)
    {
        ILink link = await DialAsync(sender);
        ILinkStream control = await link.OpenAsync(StreamPriority.Control, CancellationToken.None);
        await control.SendAsync(new Envelope { OpenSession = open }, default, CancellationToken.None);
        return control;
    }

    private async Task<ILink> DialAsync(NodeKey key)
    {
        MemoryTransport transport = simulation.Network.Attach(key.Id, TestIdentity.Hello(SessionSwarm.Name), false);
        return await transport.DialAsync(node.Transport.Addresses[0], CancellationToken.None);
    }

    public static ByteString Bytes(NodeId id)
    {
        byte[] bytes = new byte[NodeId.Size];
        id.Write(bytes);
        return ByteString.CopyFrom(bytes);
    }
}
