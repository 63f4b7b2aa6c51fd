using Swarm.Protocol.Messages;

namespace Swarm.Node.Generation;

/// <summary>
/// Decides when a route that makes no progress is asked, and when a stage of it is given up. Has no clock: the time
/// comes in as an argument.
/// </summary>
internal sealed class RouteWatch(GenerationOptions options, IReadOnlyList<StageLine> lines, TimeSpan now)
{
    // A stage that answers but makes no progress is given up after this many times the usual.
    private const int StuckFactor = 8;

    private readonly StepTimes _tokens = new();
    private readonly StepTimes _chunks = new();
    private TimeSpan _progressed = now;
    private TimeSpan? _asked;
    private bool _drawing;

    /// <summary>When <see cref="Check"/> has something to say next.</summary>
    internal TimeSpan Due => _asked is { } asked ? asked + options.ProbeTimeout : _progressed + Overdue;

    /// <summary>How long a token takes; null while few have come.</summary>
    internal TimeSpan? TokenTime => _tokens.Middle;

    private TimeSpan Overdue => Clamp(_tokens.Usual * options.OverdueFactor, options.OverdueMin, options.OverdueMax);

    private TimeSpan Stuck
        => _tokens.Usual > TimeSpan.Zero
            ? Max(_tokens.Usual * StuckFactor, options.StuckMin)
            : Max(_chunks.Usual * StuckFactor, options.ChunkStuckMin);

    /// <summary>A token was drawn, or a chunk went through.</summary>
    internal void OnProgress(TimeSpan now, bool isToken)
    {
        // The first token's time is the whole feed's; only what follows tells how long a token takes.
        if (!isToken || _drawing)
        {
            (isToken ? _tokens : _chunks).Add(now - _progressed);
        }

        _drawing |= isToken;
        _progressed = now;
        _asked = null;
    }

    /// <summary>Asks every stage when the route is overdue; names the one to give up when it is time.</summary>
    internal StageLoss? Check(TimeSpan now)
    {
        if (_asked is null)
        {
            _asked = now;

            foreach (StageLine line in lines)
            {
                line.Probe();
            }

            return null;
        }

        if (lines.FirstOrDefault(line => line.IsAsked) is { } silent)
        {
            return new StageLoss(silent.Index, "it does not answer");
        }

        if (now - _progressed >= Stuck)
        {
            return Culprit();
        }

        // All are there and at work: the next round begins.
        _asked = null;
        return Check(now);
    }

    // Behind the stage that sits on the work all are idle; before it, some may only wait for it.
    private StageLoss Culprit()
    {
        StageLine? sits = lines.LastOrDefault(line => line.Progress is { } p && p.Received != p.Sent);

        if (sits is not null)
        {
            return new StageLoss(sits.Index, "it makes no progress");
        }

        StageLine? lacks = lines.Skip(1).FirstOrDefault(line => Lacks(lines[line.Index - 1].Progress, line.Progress));
        return lacks is null
            ? new StageLoss(-1, "the route stands still")
            : new StageLoss(lacks.Index, "nothing reaches it");
    }

    private static bool Lacks(Progress? before, Progress? after) => before?.Sent != after?.Received;

    private static TimeSpan Clamp(TimeSpan value, TimeSpan min, TimeSpan max)
        => value < min ? min : value > max ? max : value;

    private static TimeSpan Max(TimeSpan one, TimeSpan other) => one > other ? one : other;
}
