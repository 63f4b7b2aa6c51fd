using System.Runtime.InteropServices;
using Swarm.Protocol;
using Swarm.Protocol.Identity;
using Swarm.Protocol.Messages;

namespace Swarm.Node.Serving;

/// <summary>
/// What this node keeps of a session from one epoch to the next: its keys and values, its ids, its lease. Touched by
/// one run at a time, and between runs by whoever opens the next.
/// </summary>
internal sealed class StageSession(string id, NodeId origin, TimeProvider time)
{
    private readonly List<int> _ids = [];
    private long _heard = time.GetTimestamp();

    internal string Id { get; } = id;

    internal NodeId Origin { get; } = origin;

    /// <summary>The newest epoch anyone opened here.</summary>
    internal uint Epoch { get; set; }

    internal StageRun? Run { get; set; }

    /// <summary>Ends when nobody opens the session any more: openings follow one another.</summary>
    internal Task Opening { get; set; } = Task.CompletedTask;

    internal IBlockCache? Cache { get; private set; }

    internal KvType Kv { get; private set; }

    internal int PositionsMax { get; private set; }

    internal long KvBytes { get; set; }

    internal TimeSpan Lease { get; set; }

    internal bool IsReleased { get; set; }

    internal CancellationTokenSource Released { get; } = new();

    /// <summary>How much of the lease is left.</summary>
    internal TimeSpan LeaseLeft => Lease - time.GetElapsedTime(Volatile.Read(ref _heard));

    /// <summary>The ids this node has computed, from position 0.</summary>
    internal ReadOnlySpan<int> Ids => CollectionsMarshal.AsSpan(_ids);

    /// <summary>The origin was heard.</summary>
    internal void Heard() => Volatile.Write(ref _heard, time.GetTimestamp());

    /// <summary>Whether what is kept serves this seat; a seat of other blocks begins anew.</summary>
    internal bool Fits(StageSeat seat)
        => Cache is not null
            && Cache.Blocks == seat.Blocks
            && Kv == seat.Ticket.Kv
            && PositionsMax == seat.PositionsMax;

    /// <summary>Takes a new cache: nothing is held.</summary>
    internal void Adopt(IBlockCache cache, StageSeat seat)
    {
        Cache?.Dispose();
        Cache = cache;
        Kv = seat.Ticket.Kv;
        PositionsMax = seat.PositionsMax;
        _ids.Clear();
    }

    /// <summary>Gives the memory back.</summary>
    internal void Drop()
    {
        Cache?.Dispose();
        Cache = null;
        _ids.Clear();
    }

    /// <summary>Forgets what is at and beyond this position; returns where the session then stands.</summary>
    internal int Truncate(int position)
    {
        int held = Math.Min(_ids.Count, position);
        Cache!.Truncate(held);
        held = Math.Min(held, Cache.Length);
        _ids.RemoveRange(held, _ids.Count - held);
        return held;
    }

    /// <summary>The answer to a step that stands where this stage does not.</summary>
    internal static FaultException Mismatch(int position, int held) => new(new Fault
    {
        Code = FaultCode.PositionMismatch,
        Message = $"A step at position {position}; this stage stands at {held}.",
        Position = (uint)held,
    });

    /// <summary>Whether a step continues what is held; its ids must be the ones that are known.</summary>
    /// <exception cref="FaultException">It does not.</exception>
    internal void Check(ReceivedStep step)
    {
        int held = Cache!.Length;

        if (step.Position > held || !Cache.CanBeginAgain(step.Position))
        {
            throw Mismatch(step.Position, held);
        }

        int known = Math.Min(step.End, held) - step.Position;

        if (!Ids.Slice(step.Position, known).SequenceEqual(step.Tokens.AsSpan(0, known)))
        {
            throw new FaultException(FaultCode.PositionMismatch, "A step names other tokens than those computed here.");
        }
    }

    /// <summary>The step was computed.</summary>
    internal void Record(ReceivedStep step)
        => _ids.AddRange(step.Tokens.AsSpan(Math.Min(step.Tokens.Length, _ids.Count - step.Position)));
}
