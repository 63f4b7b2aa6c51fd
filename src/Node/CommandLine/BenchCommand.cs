using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using Swarm.Inference.Model;

namespace Swarm.Node.CommandLine;

/// <summary><c>swarm bench</c>: tokens per second, and what the machine would allow.</summary>
internal static class BenchCommand
{
    private const int ListMost = 1024;

    public static Command Create(Terminal terminal)
    {
        Option<string> model = CommonOptions.ModelFile();
        Option<int> prompt = Number("--prompt", "-p", 512, "Tokens of the prompt; 0 for no such test.").AtLeast(0);
        Option<int> generate = Number("--generate", "-n", 128, "Tokens to generate; 0 for no such test.").AtLeast(0);
        Option<int[]> threads = List("--threads", "-t", [Environment.ProcessorCount], "Numbers of threads.");
        Option<int[]> batch = List("--batch", "-b", [1], "Numbers of sessions that generate together.");
        Option<int> runs = Number("--runs", "-r", 3, "How often each test runs.").AtLeast(1).AtMost(1000);
        Option<bool> json = CommonOptions.Json();
        var verb = new Verb("bench", "Measures how fast this machine computes a model: the middle of several runs.")
        {
            Examples =
            [
                "swarm bench -m llama-q4_k_m.gguf -p 512 -n 128 -t 1,2",
                "swarm bench -m fable -p 0 -n 64 --batch 1,2,4,8 --json",
            ],
        };

        foreach (Option option in (Option[])[model, prompt, generate, threads, batch, runs, json])
        {
            verb.Options.Add(option);
        }

        verb.SetAction(parsed =>
        {
            var options = new BenchOptions
            {
                Prompt = parsed.GetValue(prompt),
                Generate = parsed.GetValue(generate),
                Batches = parsed.GetRequiredValue(batch),
                Threads = parsed.GetRequiredValue(threads),
                Runs = parsed.GetValue(runs),
            };
            string path = ModelPath.FindFile(parsed.GetRequiredValue(model));
            using var file = ModelFile.Open(path);
            Check(options, file.Config);
            using var interrupts = new Interrupts();
            var report = new BenchReport(file, path);

            foreach (int count in options.Threads)
            {
                var run = new BenchRun(file, options, interrupts.First);
                report.Add(run, run.Measure(count, report.NotePeak));
            }

            if (parsed.GetValue(json))
            {
                Console.Out.WriteLine(report.Json());
            }
            else
            {
                report.Show(terminal.Out);
            }

            return ExitCode.Ok;
        });

        return verb;
    }

    private static void Check(BenchOptions options, ModelConfig config)
    {
        if (options is { Prompt: 0, Generate: 0 })
        {
            throw CommandException.Usage("there is nothing to measure: give a prompt with -p, or tokens with -n.");
        }

        int most = Math.Max(options.Prompt, options.Generate);

        if (most > config.ContextLength)
        {
            throw CommandException.Usage($"{config.Name} takes {config.ContextLength} tokens, not {most}: "
                + "give less with -p or -n.");
        }

        if (options.Generate == 1)
        {
            throw CommandException.Usage("one token is too few to measure: the first of a session does not count.");
        }
    }

    private static Option<int> Number(string name, string alias, int usual, string description) => new(name, alias)
    {
        Description = description,
        HelpName = "N",
        DefaultValueFactory = _ => usual,
        CustomParser = CommonOptions.ParseNumber<int>,
    };

    private static Option<int[]> List(string name, string alias, int[] usual, string description) => new(name, alias)
    {
        Description = description,
        HelpName = "N,N",
        DefaultValueFactory = _ => usual,
        CustomParser = result => ParseList(result, name),
    };

    private static int[] ParseList(ArgumentResult result, string name)
    {
        string text = result.Tokens[0].Value;
        int[] numbers =
        [
            .. text.Split(',').Select(part => int.TryParse(
                part, NumberStyles.None, CultureInfo.InvariantCulture, out int number) ? number : 0),
        ];

        if (numbers.Any(number => number is < 1 or > ListMost))
        {
            result.AddError($"{name}: '{text}' is no list of numbers from 1 to {ListMost}, such as 1,2.");
        }

        return numbers;
    }
}
