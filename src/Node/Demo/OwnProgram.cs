using System.Diagnostics;
using Swarm.Node.CommandLine;

namespace Swarm.Node.Demo;

/// <summary>Starts this same program again, as another process.</summary>
internal static class OwnProgram
{
    /// <summary>How to start it with other arguments, its output to be read here; it ends with this process.</summary>
    public static ProcessStartInfo StartInfo(IEnumerable<string> arguments)
    {
        string path = Environment.ProcessPath
            ?? throw CommandException.Failed("the program cannot find its own file.");
        var info = new ProcessStartInfo(path)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
            CreateNoWindow = true,
        };

        info.Environment[Interrupts.BoundToParent] = "1";

        // Run as `dotnet swarm.dll`, the process is the host's and the program its first argument.
        if (Path.GetFileNameWithoutExtension(path) == "dotnet")
        {
            info.ArgumentList.Add(typeof(OwnProgram).Assembly.Location);
        }

        foreach (string argument in arguments)
        {
            info.ArgumentList.Add(argument);
        }

        return info;
    }
}
