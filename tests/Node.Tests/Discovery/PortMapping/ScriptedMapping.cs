namespace Swarm.Node.Tests.Discovery.PortMapping;

/// <summary>A port that leads to the device until a moment of the simulated clock.</summary>
internal sealed record ScriptedMapping(int InternalPort, TimeSpan Until);
