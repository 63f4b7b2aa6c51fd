using NUnit.Framework;
using Swarm.Inference.Model;
using Swarm.Node.Placement;
using Swarm.Node.Routing;
using Swarm.Protocol.Messages;
using Swarm.Testing;

namespace Swarm.Node.Tests.Placement;

/// <summary>Nodes that join at the same moment share the model out, under a virtual clock.</summary>
[TestFixture]
[Parallelizable]
public sealed class SpanAgreementTests
{
    private const int Blocks = 8;

    [Test]
    public void Four_nodes_of_half_a_model_that_start_at_once_hold_each_block_twice([Range(1, 40)] int seed)
    {
        var board = new Board(seed);
        board.Run(() => Task.WhenAll(Enumerable.Range(1, 4).Select(number => board.JoinAsync(number, most: 4))));

        Assert.That(board.Holders(), Is.All.EqualTo(2), $"seed {seed}: {board}");
    }

    [Test]
    public void Nodes_of_any_size_that_start_at_once_choose_as_they_would_one_after_the_other([Range(1, 40)] int seed)
    {
        var board = new Board(seed);
        int[] sizes = [.. Enumerable.Range(0, 5).Select(_ => board.Random.Next(1, Blocks))];
        board.Run(() => Task.WhenAll(sizes.Select((most, index) => board.JoinAsync(index + 1, most))));
        var inTurn = new Board(seed);
        int[] order = [.. Enumerable.Range(1, sizes.Length).OrderBy(TestIdentity.Node)];
        inTurn.Run(() => inTurn.OneByOneAsync(order.Select(number => (number, sizes[number - 1]))));

        Assert.That(board.ToString(), Is.EqualTo(inTurn.ToString()), $"seed {seed}");
    }

    [Test]
    public void Who_has_settled_is_not_asked_to_move([Range(1, 10)] int seed)
    {
        // Whichever of two ids is the smaller: the one that was there first stays.
        var board = new Board(seed);
        int first = 1 + (seed % 2);
        board.Run(() => board.OneByOneAsync([(first, 4), (3 - first, 4)]));

        Assert.That(board.SpanOf(first), Is.EqualTo(new BlockRange(0, 4)));
        Assert.That(board.SpanOf(3 - first), Is.EqualTo(new BlockRange(4, 8)));
    }

    [Test]
    public void A_node_that_died_while_it_chose_holds_nobody_up_for_long()
    {
        var board = new Board(1);
        int dead = TestIdentity.Node(1).CompareTo(TestIdentity.Node(2)) < 0 ? 1 : 2;
        board.Announce(dead, new BlockRange(0, 4), choosing: true);
        board.Run(() => board.JoinAsync(3 - dead, most: 4));

        Assert.That(board.SpanOf(3 - dead), Is.EqualTo(new BlockRange(4, 8)));
        Assert.That(board.Elapsed, Is.LessThan(TimeSpan.FromSeconds(10)));
    }

    /// <summary>Where all announce, with delays that differ each time.</summary>
    private sealed class Board(int seed)
    {
        private readonly SimulationLoop _loop = new(seed);
        private readonly SortedDictionary<int, BlockOffer> _offers = [];

        public Random Random { get; } = new(seed);

        public TimeSpan Elapsed => _loop.Clock.GetUtcNow() - DateTimeOffset.UnixEpoch;

        public void Run(Func<Task> scenario) => _loop.Run(scenario);

        public async Task OneByOneAsync(IEnumerable<(int Number, int Most)> nodes)
        {
            foreach ((int number, int most) in nodes)
            {
                await JoinAsync(number, most);
            }
        }

        public async Task JoinAsync(int number, int most)
        {
            BlockRange chosen = default;
            await DelayAsync(200);
            var agreement = new SpanAgreement(
                TestIdentity.Node(number),
                async _ =>
                {
                    SwarmView view = View();
                    await DelayAsync(100);
                    return view;
                },
                view => chosen = BlockChooser.Choose(
                    BlockChooser.Supply(Blocks, SpanSurvey.Read(view)), 1, span => span.Count <= most)!.Value,
                async _ =>
                {
                    await DelayAsync(100);
                    Announce(number, chosen, choosing: true);
                },
                _loop.Clock);
            BlockRange settled = await agreement.SettleAsync(default);
            await DelayAsync(100);
            Announce(number, settled, choosing: false);
        }

        public void Announce(int number, BlockRange blocks, bool choosing) => _offers[number] = new BlockOffer
        {
            First = (uint)blocks.First,
            Last = (uint)blocks.Last,
            State = OfferState.Joining,
            DecodePerBlockMs = 1,
            Choosing = choosing,
        };

        public BlockRange SpanOf(int number) => new((int)_offers[number].First, (int)_offers[number].Last);

        public int[] Holders()
            => [.. Enumerable.Range(0, Blocks)
                .Select(block => _offers.Keys.Count(node => SpanOf(node).Contains(block)))];

        public override string ToString() => string.Join(' ', _offers.Keys.Select(node => $"{node}={SpanOf(node)}"));

        private SwarmView View()
            => new([.. _offers.Select(pair => new PeerOffer(TestIdentity.Node(pair.Key), pair.Value.Clone()))]);

        private Task DelayAsync(int most)
            => Task.Delay(TimeSpan.FromMilliseconds(_loop.Random.Next(1, most)), _loop.Clock);
    }
}
