using Swarm.Inference.Model;

namespace Swarm.Node.Serving;

/// <summary>The keys and values of one session in some blocks: memory of this node until disposed.</summary>
public interface IBlockCache : IDisposable
{
    /// <summary>The blocks it has room for.</summary>
    BlockRange Blocks { get; }

    /// <summary>How many positions it holds, from 0.</summary>
    int Length { get; }

    /// <summary>Forgets the positions at and beyond <paramref name="length"/>.</summary>
    void Truncate(int length);
}
