using Google.Protobuf;
using Swarm.Dht;
using Swarm.Dht.Records;
using Swarm.Inference.Measuring;
using Swarm.Protocol;
using Swarm.Protocol.Identity;
using Swarm.Protocol.Messages;
using Swarm.Protocol.Records;

namespace Swarm.Benchmarks;

/// <summary>
/// What forged records cost a node: it reads the messages and treats each record as it does in life, beside nothing but
/// the signatures that it checks meanwhile. Counted is the processor's time, not the clock's; the links are left out.
/// </summary>
internal static class RecordsBenchmark
{
    private const int Peers = 1000;
    private const int PerMessage = 10;
    private const int Messages = 400;

    private static readonly DateTimeOffset Start = new(2026, 6, 1, 0, 0, 0, TimeSpan.Zero);

    public static void Run(RecordsOptions options)
    {
        byte[][] wave = Forge();
        var peers = new NodeId[Peers];

        for (int i = 0; i < Peers; i++)
        {
            peers[i] = Draw();
        }

        List<double> flood = [];
        List<double> bare = [];
        int check = 0;

        for (int round = -1; round < options.Rounds; round++)
        {
            double before = ProcessorSeconds;
            check = Flood(wave, peers, options);
            double between = ProcessorSeconds;
            Check(wave, check);
            double after = ProcessorSeconds;

            // The first round warms up.
            if (round >= 0)
            {
                flood.Add(100 * (between - before) / options.Seconds);
                bare.Add(100 * (after - between) / options.Seconds);
            }
        }

        (Spread whole, Spread checks) = (Spread.Of(flood), Spread.Of(bare));
        Console.WriteLine($"forged records: {options.Rate} offered a second, {check / options.Seconds} signatures checked");
        Console.WriteLine($"  % of a core: {whole}; those checks alone {checks}, the whole {whole.Median / checks.Median:F2} "
            + "times as much");
    }

    private static double ProcessorSeconds => Environment.CpuUsage.TotalTime.TotalSeconds;

    // How many signatures were checked.
    private static int Flood(byte[][] wave, NodeId[] peers, RecordsOptions options)
    {
        var store = new RecordStore(Draw());
        var stores = new RateLimit(DhtLimits.StoresPerSecondMax, DhtLimits.StoresBurstMax, DhtLimits.RatedPeersMax);
        var checks = new RateBudget(DhtLimits.ChecksPerSecondMax, DhtLimits.ChecksPerSecondMax);
        int checkedCount = 0;
        int messages = options.Rate * options.Seconds / PerMessage;

        for (int i = 0; i < messages; i++)
        {
            var elapsed = TimeSpan.FromSeconds((double)i * options.Seconds / messages);
            var now = new Moment(elapsed, Start + elapsed);

            foreach (SignedRecord record in Store.Parser.ParseFrom(wave[i % wave.Length]).Records)
            {
                if (stores.TryTake(peers[i % peers.Length], elapsed))
                {
                    _ = store.Accept(record, now, () =>
                    {
                        bool may = checks.TryTake(now.Elapsed);
                        checkedCount += may ? 1 : 0;
                        return may;
                    });
                }
            }
        }

        return store.Count == 0 ? checkedCount : throw new InvalidOperationException("A forged record was taken in.");
    }

    private static void Check(byte[][] wave, int count)
    {
        for (int i = 0; i < count;)
        {
            foreach (SignedRecord record in Store.Parser.ParseFrom(wave[i / PerMessage % wave.Length]).Records)
            {
                i++;
                _ = RecordRules.RefuseBySignature(record, out _);
            }
        }
    }

    // Everything about them is right, but they say something else than what was signed.
    private static byte[][] Forge()
    {
        NodeKey[] signers = [.. Enumerable.Range(0, 64).Select(_ => NodeKey.Create())];
        byte[][] wave = new byte[Messages][];
        byte[] value = new byte[150];

        for (int i = 0; i < wave.Length; i++)
        {
            var store = new Store();

            for (int j = 0; j < PerMessage; j++)
            {
                SignedRecord record = SignedRecords.Sign(
                    signers[((i * PerMessage) + j) % signers.Length], Draw(), 1, Start, DhtLimits.LeaseMax, value);
                record.Sequence++;
                store.Records.Add(record);
            }

            wave[i] = store.ToByteArray();
        }

        foreach (NodeKey signer in signers)
        {
            signer.Dispose();
        }

        return wave;
    }

    private static NodeId Draw()
    {
        byte[] name = new byte[NodeId.Size];
        Random.Shared.NextBytes(name);
        return NodeId.Read(name);
    }
}
