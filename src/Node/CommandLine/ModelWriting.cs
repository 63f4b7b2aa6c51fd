using Microsoft.Win32.SafeHandles;
using Spectre.Console;

namespace Swarm.Node.CommandLine;

/// <summary>What verbs that write a model file share: where it may go, and a bar while it is written.</summary>
internal static class ModelWriting
{
    /// <summary>Refuses a path at which no file can be made, before any work is done.</summary>
    /// <exception cref="CommandException">It is a directory, or in none, or what is there is no file.</exception>
    public static void Check(string path)
    {
        string? folder = Path.GetDirectoryName(Path.GetFullPath(path));

        if (Directory.Exists(path) || !Directory.Exists(folder))
        {
            throw CommandException.Usage($"'{path}' cannot be written: give a file in a directory that exists.");
        }

        if (!MayReplace(path))
        {
            throw CommandException.Usage(
                $"'{path}' is no file that can be overwritten (a link, a pipe, a device?): give another one.");
        }
    }

    /// <summary>Runs <paramref name="write"/> with a bar where a person watches; Ctrl-C ends it.</summary>
    /// <exception cref="CommandException">The disk is full, or takes no such file.</exception>
    public static T Run<T>(Terminal terminal, string path, Func<IProgress<double>, T> write)
    {
        try
        {
            return RunWithBar(terminal, path, write);
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            throw CommandException.Failed(
                $"'{path}' cannot be written: make room there, or write to another place ({problem.Message})");
        }
    }

    // The finished file takes the place of what is there: of a device nothing would be left.
    private static bool MayReplace(string path)
    {
        var there = new FileInfo(path);

        if (there.LinkTarget is not null)
        {
            return false;
        }

        if (!there.Exists || there.Length > 0)
        {
            return true;
        }

        try
        {
            // Whatever is no file has no length, and cannot be given one.
            using SafeFileHandle file = File.OpenHandle(
                path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
            RandomAccess.SetLength(file, 0);
            return true;
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            return false;
        }
    }

    private static T RunWithBar<T>(Terminal terminal, string path, Func<IProgress<double>, T> write)
    {
        using var interrupts = new Interrupts();

        if (!terminal.IsErrorInteractive)
        {
            return write(new Bar(null, interrupts.First));
        }

        return terminal.Error.Progress().AutoClear(true).Start(context =>
        {
            ProgressTask bar = context.AddTask($"writing {path}", maxValue: 1);
            return write(new Bar(bar, interrupts.First));
        });
    }

    private sealed class Bar(ProgressTask? task, CancellationToken stop) : IProgress<double>
    {
        public void Report(double value)
        {
            stop.ThrowIfCancellationRequested();
            _ = task?.Value = value;
        }
    }
}
