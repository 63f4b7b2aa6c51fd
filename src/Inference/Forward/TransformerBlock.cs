using Swarm.Inference.Kernels;
using Swarm.Inference.Model;
using Swarm.Inference.Threading;

namespace Swarm.Inference.Forward;

/// <summary>
/// A batch of columns through one block, whatever the architecture: what a block does stands in its
/// <see cref="LayerSpec"/>, and nothing else differs between them.
/// </summary>
internal sealed unsafe class TransformerBlock : IDisposable
{
    private readonly BlockPass _pass;
    private readonly AttentionRunner _runner;
    private readonly AttentionPart _attention;
    private readonly LatentPart _latent;
    private readonly ShortConvolutionPart _shortConvolution;
    private readonly DeltaNetPart _deltaNet;
    private readonly FeedForwardPart _feedForward;
    private readonly ExpertPart _experts;
    private readonly TokenInputPart _tokenInput;
    private readonly RangeAction _join;
    private readonly RangeAction _finish;

    public TransformerBlock(ComputePool pool, int firstBlock)
    {
        _pass = new BlockPass(pool, firstBlock);
        _tokenInput = new TokenInputPart(_pass);
        _runner = new AttentionRunner(pool);
        _attention = new AttentionPart(_pass, _runner);
        _latent = new LatentPart(_pass, _runner);
        var runs = new RecurrentRuns();
        _shortConvolution = new ShortConvolutionPart(_pass, runs);
        _deltaNet = new DeltaNetPart(_pass, runs);
        _feedForward = new FeedForwardPart(_pass);
        _experts = new ExpertPart(_pass, _feedForward);
        _join = Join;
        _finish = Finish;
    }

    /// <summary>
    /// Computes <paramref name="block"/> for the first <paramref name="count"/> columns that <paramref name="active"/>
    /// names, and says of each whether it stayed finite.
    /// </summary>
    public void Forward(BlockWeights weights, int block, Workspace work, Column[] columns, int[] active, int count)
    {
        _pass.Begin(weights, block, work, columns, active, count);
        _pass.Normalize(weights.MixerNorm);
        Mix();
        _pass.AddResults(weights.PostMixerNorm);
        FeedForward();
        _pass.AddResults(weights.PostFeedForwardNorm);

        if (weights.TokenInput is { } input)
        {
            _tokenInput.Run(input, weights.Spec.TokenInputSize);
        }

        _pass.ForEach(work.Width, _finish);
    }

    /// <summary>
    /// The head: the final norm of the first <paramref name="count"/> hidden states, then the logits.
    /// </summary>
    public void Head(ModelConfig config, SpanWeights weights, Workspace work, int count, float* logits)
    {
        Projection output = weights.Output!;
        work.Input.Begin(count, work.Width);

        for (int i = 0; i < count; i++)
        {
            weights.OutputNorm!.Apply(work.Hidden(i), work.Width, work.Input.Column(i), _pass.Vectors);
        }

        int vocabulary = output.Matrix.Rows;
        _pass.Multiply(output, work.Input, logits, vocabulary);

        for (int i = 0; i < count; i++)
        {
            FinishLogits(config, logits + ((long)i * vocabulary), vocabulary);
        }
    }

    public void Dispose() => _runner.Dispose();

    // Logits as the model's last step wants them: divided, then kept within bounds.
    private void FinishLogits(ModelConfig config, float* logits, int count)
    {
        float factor = 1 / config.LogitDivisor;

        if (factor == 1 && config.LogitSoftcap == 0)
        {
            return;
        }

        if (_pass.Vectors)
        {
            Softcap.Vector(logits, factor, config.LogitSoftcap, count);
        }
        else
        {
            Softcap.Scalar(logits, factor, config.LogitSoftcap, count);
        }
    }

    /// <summary>Multiplies the input that lies ready, outside of any block.</summary>
    public void Multiply(Projection projection, Workspace work, float* output, int stride)
        => _pass.Multiply(projection, work.Input, output, stride);

    private void Mix()
    {
        switch (_pass.Spec.Mixer, _pass.Spec.Latent)
        {
            case (MixerKind.ShortConvolution, _):
                _shortConvolution.Run();
                break;
            case (MixerKind.DeltaNet, _):
                _deltaNet.Run();
                break;
            case (_, null):
                _attention.Run();
                break;
            default:
                _latent.Run();
                break;
        }
    }

    // Experts first, for they keep the input that the part beside them reads.
    private void FeedForward()
    {
        BlockWeights weights = _pass.Weights;

        if (weights.Experts?.Norms is { } norms)
        {
            _pass.Normalize(norms.Router);
            _experts.Route();
            _pass.Normalize(norms.Experts);
            _experts.Run();
            _pass.Normalize(weights.FeedForwardNorm);
        }
        else
        {
            _pass.Normalize(weights.FeedForwardNorm);

            if (weights.Experts is not null)
            {
                _experts.Route();
                _experts.Run();
            }
        }

        if (weights.FeedForward is { } dense)
        {
            _feedForward.Run(dense, weights.Spec.FeedForwardSize, _pass.Work.Input);
        }

        if (weights.Experts is not null)
        {
            _pass.ForEach(_pass.Work.Width, _join);
        }
    }

    private void Join(int first, int last)
    {
        int width = _pass.Work.Width;

        for (int i = first; i < last; i++)
        {
            float* mixture = _pass.Work.Mixture + ((long)i * width);

            if (_pass.Weights.Experts!.Norms is { } norms)
            {
                norms.Mixture.Apply(mixture, width, mixture, _pass.Vectors);
                norms.FeedForward.Apply(_pass.Result(i), width, _pass.Result(i), _pass.Vectors);
            }

            if (_pass.Weights.FeedForward is null)
            {
                new Span<float>(mixture, width).CopyTo(new Span<float>(_pass.Result(i), width));
            }
            else
            {
                Sum.Into(_pass.Result(i), mixture, width);
            }
        }
    }

    private void Finish(int first, int last)
    {
        for (int i = first; i < last; i++)
        {
            if (_pass.Weights.OutputScale != 1)
            {
                Scale.Row(_pass.Hidden(i), _pass.Weights.OutputScale, _pass.Work.Width);
            }

            _pass.At(i).IsFinite &= Finite.All(_pass.Hidden(i), _pass.Work.Width);
        }
    }
}
