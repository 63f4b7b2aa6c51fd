namespace Swarm.Node.Diagnosis;

/// <summary>One line of what <c>swarm doctor</c> says.</summary>
/// <param name="Topic">What was looked at, for machines.</param>
/// <param name="State">How it stands.</param>
/// <param name="Says">What was found, in plain words.</param>
/// <param name="Advice">What to do about it; null when there is nothing to do.</param>
internal sealed record Finding(string Topic, FindingState State, string Says, string? Advice = null);
