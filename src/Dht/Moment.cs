namespace Swarm.Dht;

/// <summary>
/// One moment on both clocks: the one that only moves forward, for leases, and the one signers stamp with.
/// </summary>
/// <param name="Elapsed">Time since this node started; no correction of the wall clock moves it.</param>
/// <param name="Utc">The wall clock.</param>
public readonly record struct Moment(TimeSpan Elapsed, DateTimeOffset Utc);
