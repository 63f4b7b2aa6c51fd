using System.Globalization;
using Swarm.Inference.Model;

namespace Swarm.Inference.Making;

/// <summary>
/// Which type each tensor of a model is to be stored as: one type for every matrix, or one of the usual mixes, by the
/// rules that llama.cpp's files follow.
/// </summary>
public sealed class WeightPlan
{
    // Matrices that are small and touch everything, or are no factors of a product.
    private static readonly string[] Kept =
        ["_norm", "ffn_gate_inp", "position_embd", "token_types", "rope_", "ssm_conv1d", "shortconv.conv"];

    private readonly GgmlType _common;
    private readonly bool _mixes;

    private WeightPlan(string name, FileType? fileType, GgmlType common, bool mixes)
    {
        Name = name;
        FileType = fileType;
        _common = common;
        _mixes = mixes;
    }

    /// <summary>What people call it: <c>q4_k_m</c>.</summary>
    public string Name { get; }

    /// <summary>The number a file says it by; null when there is none for it.</summary>
    public FileType? FileType { get; }

    /// <summary>Stores every matrix as <paramref name="type"/>.</summary>
    public static WeightPlan Every(GgmlType type)
    {
        string name = type.ToString();
        return new WeightPlan(
            name.ToLowerInvariant(), Enum.TryParse(name, out FileType file) ? file : null, type, mixes: false);
    }

    /// <summary>Stores matrices as files of this kind do.</summary>
    public static WeightPlan Mix(FileType type)
        => new(type.ToString().ToLowerInvariant(), type, CommonOf(type), mixes: true);

    /// <summary>The same with one type for every matrix: the most common one.</summary>
    public WeightPlan Pure() => new(Name, FileType, _common, mixes: false);

    /// <summary>The type for a tensor; null when it stays as it is.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="dimensions">Its lengths, the contiguous one first.</param>
    /// <param name="model">The model it belongs to.</param>
    public GgmlType? TypeOf(string name, IReadOnlyList<long> dimensions, MixModel model)
    {
        if (dimensions.Count(length => length > 1) < 2
            || !name.EndsWith(".weight", StringComparison.Ordinal)
            || Kept.Any(part => name.Contains(part, StringComparison.Ordinal)))
        {
            return null;
        }

        return ForRows(_mixes ? Mixed(name, dimensions, model) : _common, dimensions[0]);
    }

    private static GgmlType CommonOf(FileType type) => type switch
    {
        Making.FileType.Q3_K_S or Making.FileType.Q3_K_M or Making.FileType.Q3_K_L => GgmlType.Q3_K,
        Making.FileType.Q4_K_S or Making.FileType.Q4_K_M => GgmlType.Q4_K,
        Making.FileType.Q5_K_S or Making.FileType.Q5_K_M => GgmlType.Q5_K,
        Making.FileType.Q2_K_S => GgmlType.Q2_K,
        Making.FileType.MXFP4_MOE => GgmlType.MXFP4,
        _ => Enum.Parse<GgmlType>(type.ToString()),
    };

    /// <summary>What takes a type's place where rows are no whole number of its blocks.</summary>
    private static GgmlType ForRows(GgmlType type, long rowLength)
    {
        if (rowLength % type.ElementsPerBlock == 0)
        {
            return type;
        }

        GgmlType smaller = type switch
        {
            GgmlType.Q2_K or GgmlType.Q3_K => GgmlType.Q4_0,
            GgmlType.Q4_K => GgmlType.Q5_0,
            GgmlType.Q5_K => GgmlType.Q5_1,
            GgmlType.Q6_K => GgmlType.Q8_0,
            GgmlType.IQ4_XS => GgmlType.IQ4_NL,
            _ => GgmlType.F16,
        };
        return rowLength % smaller.ElementsPerBlock == 0 ? smaller : GgmlType.F16;
    }

    private GgmlType Mixed(string name, IReadOnlyList<long> dimensions, MixModel model)
    {
        FileType mix = FileType!.Value;

        if (_common.ElementsPerBlock == 1)
        {
            return _common;
        }

        if (mix == Making.FileType.MXFP4_MOE)
        {
            return dimensions.Count > 2 ? GgmlType.MXFP4 : GgmlType.Q8_0;
        }

        if (name == "output.weight" || (model.Tied && name == "token_embd.weight"))
        {
            return _common == GgmlType.Q8_0 ? GgmlType.Q8_0 : GgmlType.Q6_K;
        }

        string[] parts = name.Split('.');

        if (parts is not ["blk", var index, var role, ..]
            || !int.TryParse(index, NumberStyles.None, CultureInfo.InvariantCulture, out int block))
        {
            return _common;
        }

        return role switch
        {
            "attn_v" => Values(mix, block, model),
            "attn_k" when model.Experts == 8 => GgmlType.Q8_0,
            "attn_qkv" => Fused(mix),
            "attn_output" => AttentionOutput(mix, model),
            "ffn_down" or "ffn_down_exps" or "ffn_down_shexp" => Down(mix, block, model.Blocks),
            _ => _common,
        };
    }

    private GgmlType Values(FileType mix, int block, MixModel model)
    {
        bool shared = model.HeadsPerKv >= 4;

        if (model.Experts == 8)
        {
            return GgmlType.Q8_0;
        }

        return mix switch
        {
            Making.FileType.Q2_K => shared ? GgmlType.Q4_K : GgmlType.Q3_K,
            Making.FileType.Q2_K_S when shared => GgmlType.Q4_K,
            Making.FileType.Q3_K_M => block < 2 ? GgmlType.Q5_K : GgmlType.Q4_K,
            Making.FileType.Q3_K_L => GgmlType.Q5_K,
            Making.FileType.Q4_K_S when block < 4 => GgmlType.Q5_K,
            Making.FileType.Q4_K_M or Making.FileType.Q5_K_M when IsSensitive(block, model.Blocks) => GgmlType.Q6_K,
            Making.FileType.IQ4_NL or Making.FileType.IQ4_XS when shared => GgmlType.Q5_K,
            _ => _common,
        };
    }

    private GgmlType Down(FileType mix, int block, int blocks) => mix switch
    {
        Making.FileType.Q2_K => GgmlType.Q3_K,
        Making.FileType.Q2_K_S when block < blocks / 8 => GgmlType.Q4_K,
        Making.FileType.Q3_K_M => block < blocks / 16 ? GgmlType.Q5_K : GgmlType.Q4_K,
        Making.FileType.Q3_K_L => GgmlType.Q5_K,
        Making.FileType.Q4_K_S when block < blocks / 8 => GgmlType.Q5_K,
        Making.FileType.Q4_K_M or Making.FileType.Q5_K_M when IsSensitive(block, blocks) => GgmlType.Q6_K,
        Making.FileType.IQ4_NL or Making.FileType.IQ4_XS when block < blocks / 8 => GgmlType.Q5_K,
        _ => _common,
    };

    private GgmlType AttentionOutput(FileType mix, MixModel model) => mix switch
    {
        Making.FileType.Q2_K or Making.FileType.Q3_K_S or Making.FileType.Q3_K_M or Making.FileType.Q4_K_S
            or Making.FileType.Q4_K_M or Making.FileType.IQ4_NL or Making.FileType.IQ4_XS when model.Experts == 8
            => GgmlType.Q5_K,
        Making.FileType.Q2_K => GgmlType.Q3_K,
        Making.FileType.Q3_K_M => GgmlType.Q4_K,
        Making.FileType.Q3_K_L => GgmlType.Q5_K,
        _ => _common,
    };

    private GgmlType Fused(FileType mix) => mix switch
    {
        Making.FileType.Q3_K_M or Making.FileType.Q3_K_L => GgmlType.Q4_K,
        Making.FileType.Q4_K_M => GgmlType.Q5_K,
        Making.FileType.Q5_K_M => GgmlType.Q6_K,
        _ => _common,
    };

    /// <summary>The first eighth of the blocks, the last, and every third between: half of them.</summary>
    private static bool IsSensitive(int block, int blocks)
        => block < blocks / 8 || block >= 7 * blocks / 8 || (block - (blocks / 8)) % 3 == 2;
}
