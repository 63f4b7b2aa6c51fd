namespace Swarm.Inference.Chat.Jinja;

/// <summary>A filter, test, method or function that this program brings along.</summary>
internal sealed class Native
{
    private readonly string[] _parameters;
    private readonly int _required;
    private readonly Func<Run, Value?[], Value>? _bound;
    private readonly Func<Run, Arguments, Value>? _free;

    /// <summary>Takes these parameters, the first <paramref name="required"/> of them always.</summary>
    public Native(int required, string[] parameters, Func<Run, Value?[], Value> body)
    {
        _required = required;
        _parameters = parameters;
        _bound = body;
    }

    /// <summary>Takes whatever it is given.</summary>
    public Native(Func<Run, Arguments, Value> body)
    {
        _parameters = [];
        _free = body;
    }

    /// <summary>Calls it; <paramref name="name"/> is what the template calls it.</summary>
    public Value Call(Run run, string name, Arguments arguments)
        => _free is not null ? _free(run, arguments) : _bound!(run, Bind(run, name, arguments));

    private Value?[] Bind(Run run, string name, Arguments arguments)
    {
        var bound = new Value?[_parameters.Length];

        if (arguments.Positional.Count > bound.Length)
        {
            throw run.Fail($"{name} takes at most {bound.Length} arguments, {arguments.Positional.Count} are given.");
        }

        for (int i = 0; i < arguments.Positional.Count; i++)
        {
            bound[i] = arguments.Positional[i];
        }

        foreach ((string parameter, Value value) in arguments.Named)
        {
            int index = Array.IndexOf(_parameters, parameter);

            if (index < 0 || bound[index] is not null)
            {
                throw run.Fail($"{name} takes no further argument '{parameter}'.");
            }

            bound[index] = value;
        }

        int missing = Array.FindIndex(bound, 0, _required, value => value is null);
        return missing < 0 ? bound : throw run.Fail($"{name} needs the argument '{_parameters[missing]}'.");
    }
}
