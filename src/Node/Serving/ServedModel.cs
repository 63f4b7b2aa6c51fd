namespace Swarm.Node.Serving;

/// <summary>A model this node serves a span of.</summary>
/// <param name="Hash">The manifest hash in lower-case hexadecimal.</param>
/// <param name="Engine">The span.</param>
/// <param name="Scheduler">Its batches.</param>
internal sealed record ServedModel(string Hash, IBlockEngine Engine, StageScheduler Scheduler);
