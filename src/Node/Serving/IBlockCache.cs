using Swarm.Inference.Model;

namespace Swarm.Node.Serving;

/// <summary>The keys and values of one session in some blocks: memory of this node until disposed.</summary>
public interface IBlockCache : IDisposable
{
    /// <summary>The blocks it has room for.</summary>
    BlockRange Blocks { get; }

    /// <summary>How many positions it holds, from 0.</summary>
    int Length { get; }

    /// <summary>
    /// Forgets the positions at and beyond <paramref name="length"/>, and where a block's state is not kept by
    /// position, those back to its newest snapshot: <see cref="Length"/> says where it stands.
    /// </summary>
    void Truncate(int length);

    /// <summary>Whether positions from <paramref name="position"/> on can be computed again without writing.</summary>
    bool CanBeginAgain(int position) => true;
}
