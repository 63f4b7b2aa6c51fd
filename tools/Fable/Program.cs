using System.Diagnostics;
using Swarm.Fable.Corpus;
using Swarm.Fable.Training;

unsafe
{
    var grammar = Grammar.BuiltIn();
    var teller = new Storyteller(grammar, 1);
    var vocabulary = Vocabulary.Learn(Enumerable.Range(0, 4000).Select(_ => teller.Next().Text).ToArray(), 1280);
    if (args[0] == "check")
    {
        var small = new NetworkShape(64, 32, 2, 48, 2, 160);
        float* p = Trainer.Initial(small, 5);
        for (int i = 0; i < small.Count; i++) p[i] *= p[i] == 1 ? 1 : 4;
        var pass = new Pass(small, 320);
        var r = new Random(1);
        int[][] seqs = [.. new[] { 150, 40 }.Select(n => Enumerable.Range(0, n).Select(_ => r.Next(64)).ToArray())];
        float* g = Buffers.Allocate(small.Count);
        double l = pass.Run(p, seqs, g);
        Console.WriteLine($"loss {l}");
        foreach (var t in small.Tensors())
        {
            double dot = 0, num = 0;
            // directional derivative along g
            double gg = 0;
            for (int i = t.Offset; i < t.Offset + t.Rows * t.Columns; i++) gg += g[i] * g[i];
            float e = (float)(0.02 / Math.Sqrt(gg));
            float[] save = new Span<float>(p + t.Offset, t.Rows * t.Columns).ToArray();
            for (int i = 0; i < save.Length; i++) p[t.Offset + i] = save[i] + e * g[t.Offset + i];
            double up = pass.Run(p, seqs);
            for (int i = 0; i < save.Length; i++) p[t.Offset + i] = save[i] - e * g[t.Offset + i];
            double down = pass.Run(p, seqs);
            for (int i = 0; i < save.Length; i++) p[t.Offset + i] = save[i];
            num = (up - down) / (2 * e); dot = gg;
            Console.WriteLine($"{t.Name}: {num / dot:F4} ({gg:E2})");
        }
        return 0;
    }
    int steps = int.Parse(args[1]); float rate = float.Parse(args[2]);
    var shape = args[0] == "tiny" ? new NetworkShape(1280, 128, 4, 128, 4, 512) : NetworkShape.Fable;
    var trainer = new Trainer(shape, grammar, vocabulary, 7, 2);
    string ckpt = args[3];
    if (File.Exists(ckpt)) trainer.Restore(ckpt);
    var held = new Storyteller(grammar, 999_999_999);
    var stories = Enumerable.Range(0, 32).Select(_ => held.Next()).ToArray();
    var sw = Stopwatch.StartNew(); long t0 = trainer.Tokens;
    double sum = 0; int n = 0;
    while (trainer.Step < steps)
    {
        sum += trainer.Advance(steps, rate); n++;
        if (trainer.Step % 20 == 0)
        {
            Console.WriteLine($"step {trainer.Step} loss {sum / n:F4} tok/s {(trainer.Tokens - t0) / sw.Elapsed.TotalSeconds:F0} tokens {trainer.Tokens} t {sw.Elapsed.TotalSeconds:F0}");
            sum = 0; n = 0;
        }
        if (trainer.Step % 100 == 0 || trainer.Step == steps)
        {
            var (m, gr) = trainer.Evaluate(stories);
            Console.WriteLine($"held-out {m:F2} grammar {gr:F2} ratio {m / gr:F4}");
            trainer.Save(ckpt);
        }
    }
}
return 0;
