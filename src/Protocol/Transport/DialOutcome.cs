namespace Swarm.Protocol.Transport;

/// <summary>What became of a dial: the link, or why there is none.</summary>
/// <param name="Link">The link that is up.</param>
/// <param name="Failure">
/// Without one: a <see cref="LinkClosedException"/>, a <see cref="FaultException"/>, or, when who asked waits no
/// longer, an <see cref="OperationCanceledException"/>.
/// </param>
public readonly record struct DialOutcome(ILink? Link, Exception? Failure = null);
