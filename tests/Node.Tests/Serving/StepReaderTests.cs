using NUnit.Framework;
using Swarm.Node.Serving;
using Swarm.Protocol;
using Swarm.Protocol.Messages;
using Swarm.Testing;

namespace Swarm.Node.Tests.Serving;

[TestFixture]
public sealed class StepReaderTests
{
    private const int Width = 8;
    private const int Positions = 64;

    [Test]
    public void Of_a_hundred_thousand_lies_about_a_tensor_none_is_believed()
    {
        var random = new Random(34);
        uint[] edges = [0, 1, 2, 7, 8, 9, 64, 65, 1 << 16, int.MaxValue, 1u << 31, uint.MaxValue];
        int believed = 0;

        for (int i = 0; i < 100_000; i++)
        {
            uint Draw() => random.Next(2) == 0 ? edges[random.Next(edges.Length)] : (uint)random.Next(12);
            int count = random.Next(4);
            Step step = Make(Draw(), count, Draw());
            step.Tensor = new TensorHeader { Type = (DataType)random.Next(3), Rows = Draw(), Columns = Draw() };
            int length = random.Next(2) == 0 ? count * Width * sizeof(float) : (int)(Draw() & int.MaxValue);

            bool sound = count > 0
                && (ulong)step.Position + (uint)count <= Positions
                && step.Target is 1 or 2
                && step.Target < 3
                && count > 0
                && step.Tensor.Type == DataType.F32
                && step.Tensor.Rows == count
                && step.Tensor.Columns == Width
                && length == count * Width * sizeof(float);

            if (sound)
            {
                believed++;
                Assert.DoesNotThrow(() => StepReader.Check(step, length, Seat(1)));
            }
            else
            {
                Assert.That(() => StepReader.Check(step, length, Seat(1)), Throws.TypeOf<FaultException>());
            }
        }

        Assert.That(believed, Is.GreaterThan(10));
    }

    [Test]
    public void Towards_the_embedding_only_tokens_go()
    {
        Step step = Make(0, 2, 0);
        step.Tensor = null;
        Assert.DoesNotThrow(() => StepReader.Check(step, 0, Seat(0)));
        Assert.That(() => StepReader.Check(step, 64, Seat(0)), Throws.TypeOf<FaultException>());
        step.Tensor = new TensorHeader { Type = DataType.F32, Rows = 2, Columns = Width };
        Assert.That(() => StepReader.Check(step, 0, Seat(0)), Throws.TypeOf<FaultException>());
    }

    [Test]
    public void Tokens_beyond_the_vocabulary_and_steps_without_end_are_refused()
    {
        Step unknown = Make(0, 1, 0);
        unknown.Tokens[0] = 100;
        Assert.That(() => StepReader.Check(unknown, 0, Seat(0)), Throws.TypeOf<FaultException>());

        Step endless = Make(0, StepReader.TokensMax + 1, 0);
        Assert.That(() => StepReader.Check(endless, 0, Seat(0)), Throws.TypeOf<FaultException>());

        Step draws = Make(0, 1, 1);
        draws.Sample = true;
        Assert.That(() => StepReader.Check(draws, 0, Seat(0)), Throws.TypeOf<FaultException>());
    }

    private static Step Make(uint position, int count, uint target)
    {
        var step = new Step { Position = position, Target = target };
        step.Tokens.AddRange(Enumerable.Repeat(3u, count));
        return step;
    }

    private static StageSeat Seat(int index)
    {
        var ticket = new Ticket { ContextLength = Positions };
        ticket.Stages.AddRange(
            Enumerable.Range(0, 3).Select(i => new RouteStage { First = (uint)i, Last = (uint)i + 1 }));
        return new StageSeat(ticket, TestIdentity.Node(9), index, Width, VocabularySize: 100);
    }
}
