using System.CommandLine;
using Swarm.Inference.Making;
using Swarm.Inference.Model;
using Swarm.Inference.Threading;

namespace Swarm.Node.CommandLine;

/// <summary><c>swarm make-model</c>: a model of random weights in a real shape, for measuring.</summary>
internal static class MakeModelCommand
{
    // One type for every matrix, or a mix that has a name of its own.
    private static readonly WeightPlan[] Plans =
    [
        .. GgmlTypes.Encodable.Select(WeightPlan.Every),
        .. Enum.GetValues<FileType>().Where(IsOnlyMix).Select(WeightPlan.Mix),
    ];

    public static Command Create(Terminal terminal)
    {
        var output = new Argument<string>("out") { Description = "The GGUF file to write." };
        var shape = new Option<string>("--shape")
        {
            Description = "Whose sizes it has.",
            DefaultValueFactory = _ => ModelShape.Llama32_1B.Name,
        };
        shape.AcceptOnlyFromAmong([.. ModelShape.All.Select(known => known.Name)]);
        var type = new Option<string>("--type")
        {
            Description = "How its matrices are stored: all in one type, or mixed as 'swarm quantize' does.",
            DefaultValueFactory = _ => WeightPlan.Every(GgmlType.Q8_0).Name,
        };
        type.AcceptOnlyFromAmong([.. Plans.Select(plan => plan.Name)]);
        var seed = new Option<ulong>("--seed")
        {
            Description = "The same seed gives the same file.",
            HelpName = "N",
            DefaultValueFactory = _ => 1,
            CustomParser = CommonOptions.ParseNumber<ulong>,
        };
        Option<int> threads = CommonOptions.Threads();
        var verb = new Verb("make-model", "Writes a model of random weights in a real shape, for measuring speed.")
        {
            Examples =
            [
                "swarm make-model --shape llama-3.2-1b --type q4_k_m --seed 1 random.gguf",
                "swarm make-model --shape tiny --type f32 tiny.gguf",
            ],
        };
        verb.Arguments.Add(output);

        foreach (Option option in (Option[])[shape, type, seed, threads])
        {
            verb.Options.Add(option);
        }

        verb.SetAction(parsed =>
        {
            string path = parsed.GetRequiredValue(output);
            ModelShape sizes = ModelShape.All.Single(known => known.Name == parsed.GetRequiredValue(shape));
            WeightPlan plan = Plans.Single(known => known.Name == parsed.GetRequiredValue(type));
            ModelWriting.Check(path);
            using var pool = new ComputePool(parsed.GetValue(threads));
            long bytes = ModelWriting.Run(terminal, path, progress =>
                ModelMaker.Write(path, sizes, plan, parsed.GetValue(seed), pool, progress));
            terminal.Error.Profile.Out.Writer.WriteLine(
                $"{path}: {sizes.Name}, {plan.Name}, {ByteSize.Format(bytes)}");
            return ExitCode.Ok;
        });

        return verb;
    }

    private static bool IsOnlyMix(FileType type)
        => !GgmlTypes.Encodable.Any(known => known.ToString() == type.ToString()) && type != FileType.MXFP4_MOE;
}
