using System.Text;
using Spectre.Console;

namespace Swarm.Node.CommandLine;

/// <summary>Where a command writes: results to standard output, everything about the work to standard error.</summary>
internal sealed class Terminal
{
    /// <summary>A pipe has no width: wide enough for the widest table.</summary>
    public const int PlainColumns = 110;

    public Terminal()
    {
        Out = Open(Console.Out, Console.IsOutputRedirected);
        Error = Open(Console.Error, Console.IsErrorRedirected);
        IsErrorInteractive = IsInteractive(Console.IsErrorRedirected);
    }

    /// <summary>Tables and other results.</summary>
    public IAnsiConsole Out { get; }

    /// <summary>Progress, events, errors, statistics.</summary>
    public IAnsiConsole Error { get; }

    /// <summary>Whether a person watches standard error.</summary>
    public bool IsErrorInteractive { get; }

    /// <summary>Generated text, byte for byte: no newline is added, none is changed.</summary>
    public static Stream OpenText() => Console.OpenStandardOutput();

    /// <summary>UTF-8 also where the console speaks another code page.</summary>
    public static void UseUtf8()
    {
        if (OperatingSystem.IsWindows())
        {
            Console.OutputEncoding = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false);
        }
    }

    private static IAnsiConsole Open(TextWriter writer, bool redirected)
    {
        bool interactive = IsInteractive(redirected);
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Ansi = interactive ? AnsiSupport.Detect : AnsiSupport.No,
            ColorSystem = interactive ? ColorSystemSupport.Detect : ColorSystemSupport.NoColors,
            Interactive = interactive ? InteractionSupport.Detect : InteractionSupport.No,
            Out = new AnsiConsoleOutput(writer),
        });

        if (!interactive)
        {
            console.Profile.Width = PlainColumns;
        }

        return console;
    }

    private static bool IsInteractive(bool redirected)
        => !redirected
            && string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR"))
            && Environment.GetEnvironmentVariable("TERM") != "dumb";
}
