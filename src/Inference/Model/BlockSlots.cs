namespace Swarm.Inference.Model;

/// <summary>Collects the tensors of one block.</summary>
internal sealed class BlockSlots(int block, NormKind norm)
{
    private readonly List<TensorSlot> _slots = [];

    /// <summary>What was collected.</summary>
    public IReadOnlyList<TensorSlot> All => _slots;

    /// <summary>One tensor.</summary>
    public void Add(string name, long[] dimensions, bool optional = false)
        => _slots.Add(new($"blk.{block}.{name}", dimensions, TensorPlace.Block, block, optional));

    /// <summary>A norm of the model's kind.</summary>
    public void Norm(string name, long width)
    {
        Add($"{name}.weight", [width]);

        if (norm == NormKind.Layer)
        {
            Add($"{name}.bias", [width]);
        }
    }

    /// <summary>A matrix, and its bias if the file holds it or must hold it.</summary>
    public void Matrix(string name, long inputs, long outputs, bool needsBias)
    {
        Add($"{name}.weight", [inputs, outputs]);
        Add($"{name}.bias", [outputs], !needsBias);
    }

    /// <summary>A matrix for each expert, and its biases if the file holds them or must hold them.</summary>
    public void Matrices(string name, long inputs, long outputs, long count, bool needsBias)
    {
        Add($"{name}.weight", [inputs, outputs, count]);
        Add($"{name}.bias", [outputs, count], !needsBias);
    }
}
