using System.Text;
using Swarm.Inference.Text;
using Swarm.Node.Generation;
using Swarm.Node.Routing;

namespace Swarm.Node.CommandLine;

/// <summary>Shows a generation as it grows: text to standard output, or JSON events for machines.</summary>
internal sealed class GenerationPrinter : IGenerationListener
{
    private readonly TextStream _text;
    private readonly StopStrings _stops;
    private readonly IReadOnlySet<int> _ends;
    private readonly Stream _output;
    private readonly EventWriter? _events;

    /// <param name="tokenizer">Of the model.</param>
    /// <param name="stops">Texts that end the generation; none of them is shown.</param>
    /// <param name="output">Gets nothing but text, or nothing but events.</param>
    /// <param name="json">Whether events are wanted.</param>
    public GenerationPrinter(ITokenizer tokenizer, IReadOnlyList<string> stops, Stream output, bool json)
    {
        _text = new TextStream(tokenizer);
        _stops = new StopStrings(stops);
        _ends = tokenizer.EndIds;
        _output = output;
        _events = json ? new EventWriter(output) : null;
    }

    /// <summary>How many tokens have come.</summary>
    public int Tokens { get; private set; }

    /// <summary>The route at this moment; null while there is none, and for ever in one process.</summary>
    public Route? Route { get; private set; }

    public bool OnToken(int id)
    {
        Tokens++;

        // An end is a decision, not a text.
        if (!_ends.Contains(id))
        {
            Show(_stops.Push(_text.Push(id)));
        }

        return !_stops.Reached;
    }

    public void OnRoute(Route route)
    {
        Route = route;
        _events?.Route("route", route, pause: null);
    }

    public void OnStageLost(Stage stage, string why) => _events?.StageLost(stage, why);

    public void OnRepaired(Route route, TimeSpan pause)
    {
        Route = route;
        _events?.Route("repaired", route, pause);
    }

    /// <summary>Shows what was held back.</summary>
    public void Finish() => Show(_stops.Push(_text.Flush()) + _stops.Flush());

    /// <summary>The last event.</summary>
    public void Done(ClosingLine line) => _events?.Done(line);

    private void Show(string text)
    {
        if (_events is not null)
        {
            // Also the tokens without text: whoever counts tokens counts events.
            _events.Text(text, Tokens);
        }
        else if (text.Length > 0)
        {
            _output.Write(Encoding.UTF8.GetBytes(text));
            _output.Flush();
        }
    }
}
