using System.Diagnostics;

namespace Swarm.Benchmarks;

/// <summary>A program with the arguments that belong to every call of it.</summary>
internal sealed record RivalCommand(string Program, IReadOnlyList<string> Arguments)
{
    /// <summary>Reads <c>PROGRAM ARGUMENT …</c>, separated by spaces.</summary>
    public static RivalCommand Parse(string text)
    {
        string[] words = text.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return words is [var program, .. var arguments] && File.Exists(program)
            ? new RivalCommand(program, arguments)
            : throw new ArgumentException($"there is no program at {text}");
    }

    /// <summary>Another program in the same folder, which takes other arguments.</summary>
    public RivalCommand Beside(string program)
        => new(Path.Combine(Path.GetDirectoryName(Program) ?? "", program), []);

    /// <summary>Runs it and returns what it prints, on both streams.</summary>
    public (string Output, string Notes) Run(params string[] arguments)
    {
        var start = new ProcessStartInfo(Program, [.. arguments, .. Arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using Process process = Process.Start(start)!;
        Task<string> notes = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();

        return process.ExitCode == 0
            ? (output, notes.Result)
            : throw new InvalidOperationException($"{Program} ended with {process.ExitCode}: {notes.Result}");
    }
}
