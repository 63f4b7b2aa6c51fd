using System.Numerics;
using System.Runtime.CompilerServices;

namespace Swarm.Inference.Chat.Jinja;

/// <summary>One rendering: where it stands, what it has used up, and what time it is.</summary>
internal sealed class Run(TimeProvider clock)
{
    private int _steps;
    private int _characters;
    private int _depth;

    /// <summary>The line under evaluation.</summary>
    public int Line { get; set; } = 1;

    /// <summary>The time, for <c>strftime_now</c>.</summary>
    public DateTimeOffset Now => clock.GetLocalNow();

    /// <summary>The error to throw for a problem in this line.</summary>
    public TemplateException Fail(string problem) => new(Line, problem);

    /// <summary>Counts work done.</summary>
    public void Step(int count = 1)
    {
        if (count > JinjaLimits.StepsMax - _steps)
        {
            throw Fail($"it takes more than {JinjaLimits.StepsMax:N0} steps; is there a loop without end?");
        }

        _steps += count;
    }

    /// <summary>Counts elements of a list that is about to be made.</summary>
    public void Elements(long count)
        => Step((int)Math.Min(int.MaxValue, Math.Max(0, count) * JinjaLimits.ElementSteps));

    /// <summary>Counts characters of a text that is about to be made.</summary>
    public void Characters(long count)
    {
        if (count > JinjaLimits.CharactersMax - _characters)
        {
            throw Fail(
                $"its texts have more than {JinjaLimits.CharactersMax:N0} characters in all; send less at once.");
        }

        _characters += (int)count;
    }

    /// <summary>Goes one level deeper; every call is followed by one of <see cref="Leave"/>.</summary>
    public void Enter()
    {
        Step();

        if (++_depth > JinjaLimits.DepthMax || !RuntimeHelpers.TryEnsureSufficientExecutionStack())
        {
            throw Fail($"more than {JinjaLimits.DepthMax} things are within one another; does a macro call itself?");
        }
    }

    /// <summary>Comes back from a level.</summary>
    public void Leave() => _depth--;

    /// <summary>A whole number, if it is not too large.</summary>
    public IntegerValue Integer(BigInteger number)
        => number.GetBitLength() <= JinjaLimits.IntegerBitsMax
            ? new IntegerValue(number)
            : throw Fail($"a whole number has more than {JinjaLimits.IntegerBitsMax:N0} bits.");
}
