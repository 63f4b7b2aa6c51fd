using System.Diagnostics;
using NUnit.Framework;
using Swarm.Protocol.Messages;
using Swarm.Protocol.Transport;

namespace Swarm.Protocol.Tests.Transport;

/// <summary>Measures, on demand: <c>dotnet test -c Release --filter LoopbackFigures</c>.</summary>
[TestFixture]
[Explicit("A measurement, not a test.")]
public sealed class LoopbackFigures
{
    [Test]
    public async Task Round_trips([Values(64, 8192, 65536)] int size)
    {
        await using var pair = new TransportPair("tcp");
        (ILink one, ILink other) = await pair.ConnectAsync();
        await using ILinkStream asker = await one.OpenAsync(StreamPriority.Decode, default);
        byte[] payload = new byte[size];
        await asker.SendAsync(new Envelope { Step = new Step() }, payload, default);
        Task echo = EchoAsync(await other.AcceptAsync(default));
        _ = await asker.ReceiveAsync(default);
        List<double> times = [];

        for (int i = 0; i < 20_000; i++)
        {
            long start = Stopwatch.GetTimestamp();
            await asker.SendAsync(new Envelope { Step = new Step { Position = (uint)i } }, payload, default);
            _ = await asker.ReceiveAsync(default);
            await asker.ReadPayloadAsync(payload, default);
            times.Add(Stopwatch.GetElapsedTime(start).TotalMicroseconds);
        }

        await asker.EndAsync(default);
        await echo;
        times.Sort();
        TestContext.Out.WriteLine($"{size} B: p50 {times[10_000]:F1} µs, p99 {times[19_800]:F1} µs");
    }

    [Test]
    public async Task Bulk()
    {
        await using var pair = new TransportPair("tcp");
        (ILink one, ILink other) = await pair.ConnectAsync();
        await using ILinkStream sender = await one.OpenAsync(StreamPriority.Bulk, default);
        byte[] payload = new byte[4 << 20];
        await sender.SendAsync(new Envelope { ModelPart = new ModelPart() }, default, default);
        await using ILinkStream receiver = await other.AcceptAsync(default);
        _ = await receiver.ReceiveAsync(default);
        byte[] target = new byte[4 << 20];
        long start = Stopwatch.GetTimestamp();
        const int Turns = 100;

        Task sending = SendAsync();

        for (int i = 0; i < Turns; i++)
        {
            _ = await receiver.ReceiveAsync(default);
            await receiver.ReadPayloadAsync(target, default);
        }

        await sending;
        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        TestContext.Out.WriteLine($"bulk: {Turns * 4 / seconds:F0} MiB/s");

        async Task SendAsync()
        {
            for (int i = 0; i < Turns; i++)
            {
                await sender.SendAsync(new Envelope { ModelPart = new ModelPart() }, payload, default);
            }
        }
    }

    private static async Task EchoAsync(ILinkStream stream)
    {
        await using (stream)
        {
            while (await stream.ReceiveAsync(default) is { } message)
            {
                byte[] payload = new byte[stream.PayloadLength];
                await stream.ReadPayloadAsync(payload, default);
                await stream.SendAsync(message, payload, default);
            }
        }
    }
}
