using System.Text.RegularExpressions;

namespace Swarm.Localhost.Tests.Lan;

/// <summary>One packet of mDNS.</summary>
/// <param name="At">When, in seconds.</param>
/// <param name="From">Address and port: <c>10.9.0.1.5353</c>.</param>
/// <param name="To">Address and port.</param>
/// <param name="Question">Which name's pointers are asked for; empty in an answer.</param>
/// <param name="Records">What it says, of a question what need not be answered.</param>
internal sealed record DnsPacket(double At, string From, string To, string Question, string Records)
{
    /// <summary>Whether it goes to all, from the port of responders.</summary>
    public bool IsToAll => From.EndsWith(".5353", StringComparison.Ordinal) && To == "224.0.0.251.5353";

    /// <summary>Whether it is a question to all that says nothing of this instance.</summary>
    public bool AsksFor(string name, string instance) => Question == $"{name}.local." && IsToAll && !Names(instance);

    /// <summary>Whether it tells all of this instance.</summary>
    public bool Tells(string instance) => Question.Length == 0 && IsToAll && Names(instance);

    /// <summary>Whether it has a pointer to this instance.</summary>
    public bool Names(string instance) => Records.Contains($"PTR {instance}._swarm._tcp.local.", StringComparison.Ordinal);

    /// <summary>Whether that pointer holds for an hour or more: for half of its life.</summary>
    public bool KnowsWell(string name, string instance)
        => Question == $"{name}.local." && IsToAll
            && Regex.IsMatch(Records, $@"\[1h[^\]]*\] PTR {Regex.Escape(instance)}\._swarm\._tcp\.local\.");
}
