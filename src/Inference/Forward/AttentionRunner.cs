using Swarm.Inference.Kernels;
using Swarm.Inference.Model;
using Swarm.Inference.Threading;

namespace Swarm.Inference.Forward;

/// <summary>Lets the queries of a batch of columns see the keys and values of their sessions.</summary>
internal sealed unsafe class AttentionRunner
{
    private readonly ComputePool _pool;
    private readonly bool _vectors;
    private readonly RangeAction _attend;

    private BlockWeights _weights = null!;
    private Workspace _work = null!;
    private Column[] _columns = null!;
    private int[] _active = [];
    private AttentionSpec _spec;
    private int _block;

    public AttentionRunner(ComputePool pool)
    {
        _pool = pool;
        _vectors = pool.Limit > Isa.Scalar;
        _attend = Attend;
    }

    /// <summary>
    /// Takes the queries of the first <paramref name="count"/> active columns from the workspace and leaves what they
    /// saw where the next product reads.
    /// </summary>
    public void Run(BlockWeights weights, int block, Workspace work, Column[] columns, int[] active, int count)
    {
        (_weights, _block, _work, _columns, _active) = (weights, block, work, columns, active);
        LayerSpec layer = weights.Spec;
        float scale = layer.Scale ?? 1f / MathF.Sqrt(layer.KeySize);
        _spec = new AttentionSpec(layer.KeySize, layer.ValueSize, scale, layer.Softcap, layer.Window);
        int seen = columns[active[0]].Position + 1;
        _pool.For(
            count * layer.HeadCount, (seen - _spec.First(seen)) * (long)(layer.KeySize + layer.ValueSize), _attend);
    }

    private void Attend(int first, int last)
    {
        LayerSpec layer = _weights.Spec;

        for (int item = first; item < last; item++)
        {
            int i = item / layer.HeadCount;
            int head = item % layer.HeadCount;
            Column column = _columns[_active[i]];
            float* query = _work.Qkv + ((long)i * _work.QkvWidth) + (head * layer.KeySize);
            float* output = _work.Input.Column(i) + (head * layer.ValueSize);
            AttentionHead place = column.Cache.Head(_block, head, _spec, _weights.Sinks?.Floats[head]);

            switch (column.Cache.Type, _vectors)
            {
                case (KvCacheType.F16, true):
                    Attention.Vector<F16>(place, query, column.Position + 1, output);
                    break;
                case (KvCacheType.F16, false):
                    Attention.Scalar<F16>(place, query, column.Position + 1, output);
                    break;
                case (_, true):
                    Attention.Vector<F32>(place, query, column.Position + 1, output);
                    break;
                default:
                    Attention.Scalar<F32>(place, query, column.Position + 1, output);
                    break;
            }
        }
    }
}
