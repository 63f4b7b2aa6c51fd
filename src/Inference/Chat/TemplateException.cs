namespace Swarm.Inference.Chat;

/// <summary>A chat template cannot be read, or refuses the conversation; the message says where and why.</summary>
public sealed class TemplateException : Exception
{
    /// <summary>Reports what is wrong in <paramref name="line"/> of a template.</summary>
    public TemplateException(int line, string problem)
        : this(line, problem, isRaisedByTemplate: false)
    {
    }

    private TemplateException(int line, string problem, bool isRaisedByTemplate)
        : base(isRaisedByTemplate
            ? $"the model's chat template refuses this conversation: {problem}"
            : $"chat template, line {line}: {problem}")
    {
        Line = line;
        IsRaisedByTemplate = isRaisedByTemplate;
        Problem = problem;
    }

    /// <summary>The line of the template, from 1 on.</summary>
    public int Line { get; }

    /// <summary>Whether the template itself refused (<c>raise_exception</c>): another conversation may pass.</summary>
    public bool IsRaisedByTemplate { get; }

    /// <summary>What is wrong, without the place; the template's own words when it refused.</summary>
    public string Problem { get; }

    /// <summary>The template called <c>raise_exception</c> with these words.</summary>
    internal static TemplateException Raised(int line, string words) => new(line, words, isRaisedByTemplate: true);
}
