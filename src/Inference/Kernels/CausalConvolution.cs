using System.Runtime.Intrinsics;

namespace Swarm.Inference.Kernels;

/// <summary>
/// One position of a convolution over time, channel by channel: <c>Σ weight_j · input_j</c> over the last few inputs,
/// the oldest first, fused. Each channel on its own, so that any width of vector gives the same bits.
/// </summary>
internal static unsafe class CausalConvolution
{
    /// <summary>Computes channels first to last - 1 and moves the new input into the tail.</summary>
    /// <param name="tail">The inputs before, oldest first, each <paramref name="channels"/> wide.</param>
    /// <param name="input">The new input.</param>
    /// <param name="weights">Weights, tap by tap, each <paramref name="channels"/> wide.</param>
    /// <param name="taps">How many inputs count, the new one included.</param>
    /// <param name="channels">Channels in all.</param>
    /// <param name="first">The first channel to compute.</param>
    /// <param name="last">The first channel not to compute.</param>
    /// <param name="output">Gets the sums; may be the input.</param>
    public static void Step(
        float* tail, float* input, float* weights, int taps, int channels, int first, int last, float* output)
    {
        int channel = first;

        for (; channel + 16 <= last; channel += 16)
        {
            Vector512<float> sum = Vector512<float>.Zero;
            var fresh = Vector512.Load(input + channel);

            for (int tap = 0; tap < taps; tap++)
            {
                float* place = tail + ((long)tap * channels) + channel;
                Vector512<float> value = tap == taps - 1 ? fresh : Vector512.Load(place);
                var weight = Vector512.Load(weights + ((long)tap * channels) + channel);
                sum = Vector512.FusedMultiplyAdd(weight, value, sum);

                if (tap > 0)
                {
                    value.Store(place - channels);
                }
            }

            sum.Store(output + channel);
        }

        for (; channel < last; channel++)
        {
            float sum = 0;
            float fresh = input[channel];

            for (int tap = 0; tap < taps; tap++)
            {
                float* place = tail + ((long)tap * channels) + channel;
                float value = tap == taps - 1 ? fresh : *place;
                sum = MathF.FusedMultiplyAdd(weights[((long)tap * channels) + channel], value, sum);

                if (tap > 0)
                {
                    *(place - channels) = value;
                }
            }

            output[channel] = sum;
        }
    }
}
