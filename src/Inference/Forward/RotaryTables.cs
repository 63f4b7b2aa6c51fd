using Swarm.Inference.Kernels;
using Swarm.Inference.Model;

namespace Swarm.Inference.Forward;

/// <summary>The angles of every rule that some block of a span turns by; each column holds a table for each.</summary>
internal sealed unsafe class RotaryTables
{
    private readonly Dictionary<RopeSpec, (Rotary Rotary, int Offset)> _places = [];

    /// <summary>Floats of one column's tables.</summary>
    public int Length { get; private set; }

    /// <summary>Takes in a rule, if it turns anything and is not there yet.</summary>
    public void Add(RopeSpec spec, Func<RopeSpec, Rotary> make)
    {
        if (spec.Kind != RopeKind.None && !_places.ContainsKey(spec))
        {
            Rotary rotary = make(spec);
            _places.Add(spec, (rotary, Length));
            Length += rotary.TableLength;
        }
    }

    /// <summary>A rule's angles and where they lie in a column's tables; null where nothing is turned.</summary>
    public (Rotary? Rotary, int Offset) Of(RopeSpec spec)
        => _places.TryGetValue(spec, out (Rotary Rotary, int Offset) place) ? place : (null, 0);

    /// <summary>
    /// Fills the tables of a position of a session that may reach <paramref name="context"/> positions.
    /// </summary>
    public void Fill(int position, int context, float* tables)
    {
        foreach ((Rotary rotary, int offset) in _places.Values)
        {
            rotary.Fill(position, context, tables + offset);
        }
    }
}
