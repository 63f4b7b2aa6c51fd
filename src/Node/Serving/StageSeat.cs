using Swarm.Inference.Model;
using Swarm.Protocol.Identity;
using Swarm.Protocol.Messages;

namespace Swarm.Node.Serving;

/// <summary>One stage's place on a route, as the origin's ticket gives it: what it may expect, and from whom.</summary>
/// <param name="Ticket">The ticket whose signature was checked.</param>
/// <param name="Origin">Who signed it.</param>
/// <param name="Index">Which of the ticket's stages this is.</param>
/// <param name="Width">The floats of one hidden state.</param>
/// <param name="VocabularySize">How many ids the model knows.</param>
internal sealed record StageSeat(Ticket Ticket, NodeId Origin, int Index, int Width, int VocabularySize)
{
    public uint Epoch => Ticket.Epoch;

    public int StageCount => Ticket.Stages.Count;

    public bool IsFirst => Index == 0;

    public bool IsHead => Index == StageCount - 1;

    public int PositionsMax => (int)Ticket.ContextLength;

    public BlockRange Blocks => new((int)Ticket.Stages[Index].First, (int)Ticket.Stages[Index].Last);

    /// <summary>The stage behind this one; behind the head it is stage 0, over the ring.</summary>
    public RouteStage Successor => Ticket.Stages[(Index + 1) % StageCount];

    /// <summary>Whether this ticket lets <paramref name="node"/> send steps to this stage.</summary>
    public bool MayPush(NodeId node)
        => node == NodeAt((Index + StageCount - 1) % StageCount) || (IsFirst && node == Origin);

    private NodeId NodeAt(int index) => NodeId.Read(Ticket.Stages[index].Node.Span);
}
