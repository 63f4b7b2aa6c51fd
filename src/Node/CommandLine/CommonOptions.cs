using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Net;
using Swarm.Protocol.Transport;

namespace Swarm.Node.CommandLine;

/// <summary>Options that several verbs share, each made anew for each verb.</summary>
internal static class CommonOptions
{
    public const string DefaultSwarm = "main";
    private const int SwarmNameLengthMax = 64;

    public static Option<PeerAddress[]> Bootstrap() => new("--bootstrap", "-b")
    {
        Description = "A node of the swarm to start from; may be given several times.",
        HelpName = "HOST:PORT",
        Arity = ArgumentArity.OneOrMore,
        CustomParser = ParseAddresses,
    };

    public static Option<string> Swarm()
    {
        var option = new Option<string>("--swarm")
        {
            Description = "The swarm's name; nodes of different swarms never mix.",
            HelpName = "NAME",
            DefaultValueFactory = _ => Environment.GetEnvironmentVariable("SWARM_NAME") ?? DefaultSwarm,
        };
        option.Validators.Add(result =>
        {
            string? name = result.GetValueOrDefault<string>();

            if (string.IsNullOrWhiteSpace(name) || name.Length > SwarmNameLengthMax)
            {
                result.AddError($"--swarm needs a name of 1 to {SwarmNameLengthMax} letters.");
            }
        });
        return option;
    }

    public static Option<string?> DataDir() => new("--data-dir")
    {
        Description = "Where the node keeps its key. [default: the user's application data]",
        HelpName = "DIR",
    };

    public static Option<bool> Json() => new("--json")
    {
        Description = "Write JSON for machines instead of text for people.",
    };

    public static Option<bool> NoLan() => new("--no-lan")
    {
        Description = "Neither be found nor look for nodes on the local network (mDNS).",
    };

    public static Option<bool> NoMapPort() => new("--no-map-port")
    {
        Description = "Do not ask the home router for a port.",
    };

    /// <summary>A model this device has.</summary>
    public static Option<string> ModelFile() => new("--model", "-m")
    {
        Description = $"A GGUF file, or '{ModelPath.BuiltIn}'.",
        HelpName = "FILE",
        Required = true,
    };

    public static Option<int> Threads()
    {
        var option = new Option<int>("--threads", "-t")
        {
            Description = "Threads that compute; all processors unless said otherwise.",
            HelpName = "N",
            DefaultValueFactory = _ => Environment.ProcessorCount,
            CustomParser = ParseNumber<int>,
        };
        option.AtLeast(1).AtMost(1024);
        return option;
    }

    /// <summary>Where to listen: an IP address and a port, 0 for any free one.</summary>
    public static IPEndPoint? ParseListen(ArgumentResult result)
    {
        string text = result.Tokens[0].Value;

        string literal = text.Replace("localhost:", "127.0.0.1:", StringComparison.Ordinal);

        if (!IPEndPoint.TryParse(literal, out IPEndPoint? point) || !literal.Contains(':', StringComparison.Ordinal))
        {
            result.AddError($"--listen: '{text}' is no address: write IP:PORT, for example 0.0.0.0:4747.");
        }

        return point;
    }

    /// <summary>Reads addresses, and says which is none.</summary>
    public static PeerAddress[] ParseAddresses(ArgumentResult result)
        => [.. result.Tokens.Select(token => ParseAddress(result, token.Value)).OfType<PeerAddress>()];

    /// <summary>Reads a number, and says in plain words what is none.</summary>
    public static T ParseNumber<T>(ArgumentResult result)
        where T : struct, ISpanParsable<T>
    {
        string text = result.Tokens[0].Value;

        if (!T.TryParse(text, CultureInfo.InvariantCulture, out T value))
        {
            string name = (result.Parent as OptionResult)?.Option.Name ?? result.Argument.Name;
            result.AddError($"{name}: '{text}' is no number it can take.");
        }

        return value;
    }

    /// <summary>Refuses smaller numbers.</summary>
    public static Option<T> AtLeast<T>(this Option<T> option, T least)
        where T : struct, IComparable<T>
        => option.Check(value => value.CompareTo(least) >= 0, $"at least {least}");

    /// <summary>Refuses greater numbers.</summary>
    public static Option<T> AtMost<T>(this Option<T> option, T most)
        where T : struct, IComparable<T>
        => option.Check(value => value.CompareTo(most) <= 0, $"at most {most}");

    private static Option<T> Check<T>(this Option<T> option, Func<T, bool> holds, string need)
        where T : struct
    {
        option.Validators.Add(result =>
        {
            // What is no number at all is the parser's own complaint.
            if (result.Tokens is [{ Value: { } text }] && IsNumber(result, out T value) && !holds(value))
            {
                result.AddError($"{option.Name} must be {need}, not {text}.");
            }
        });
        return option;
    }

    private static bool IsNumber<T>(OptionResult result, out T value)
        where T : struct
    {
        try
        {
            value = result.GetValueOrDefault<T>();
            return true;
        }
        catch (InvalidOperationException)
        {
            value = default;
            return false;
        }
    }

    private static PeerAddress? ParseAddress(ArgumentResult result, string text)
    {
        if (PeerAddress.TryParse(text, out PeerAddress? address))
        {
            return address;
        }

        string name = (result.Parent as OptionResult)?.Option.Name ?? result.Argument.Name;
        result.AddError($"{name}: '{text}' is no address: write HOST:PORT, for example 192.168.1.5:4747.");
        return null;
    }
}
