using Swarm.Protocol.Messages;

namespace Swarm.Node.Generation;

/// <summary>Something came from a stage, or its line ended.</summary>
/// <param name="Stage">Its place on the route.</param>
/// <param name="Message">What it said, or null at the end.</param>
/// <param name="Closed">Why the line ended, or null.</param>
internal readonly record struct LineEvent(int Stage, Envelope? Message, string? Closed);
