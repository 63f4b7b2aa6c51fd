namespace Swarm.Inference.Chat.Jinja;

/// <summary>
/// A template in the subset of Jinja that chat templates use (jinja.palletsprojects.com), as Python renders it; it
/// reads no file, sees no object of this program, and ends.
/// </summary>
internal sealed class JinjaTemplate
{
    private readonly IReadOnlyList<Statement> _statements;

    /// <summary>Reads a template.</summary>
    /// <exception cref="TemplateException">It is none, or uses what is not supported.</exception>
    public JinjaTemplate(string source) => _statements = Parser.Parse(source);

    /// <summary>The text for these names.</summary>
    /// <exception cref="TemplateException">The template refuses, errs, or asks for too much.</exception>
    public TextValue Render(Run run, IEnumerable<KeyValuePair<string, Value>> names)
    {
        var scope = new Scope(null);

        foreach ((string name, Value value) in names)
        {
            scope.Set(name, value);
        }

        return new Interpreter(run).Render(_statements, new Scope(scope));
    }
}
