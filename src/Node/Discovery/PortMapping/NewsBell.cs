using System.Threading.Channels;

namespace Swarm.Node.Discovery.PortMapping;

/// <summary>Wakes whoever keeps a mapping; more than one ring of a kind means no more than one.</summary>
internal sealed class NewsBell(TimeProvider time)
{
    // One of each kind and one to spare: what is dropped is a repetition.
    private readonly Channel<GatewayNews> _news = Channel.CreateBounded<GatewayNews>(
        new BoundedChannelOptions(3) { FullMode = BoundedChannelFullMode.DropWrite });

    public void Ring(GatewayNews news) => _ = _news.Writer.TryWrite(news);

    /// <summary>Waits for news, or for the end of <paramref name="patience"/>: none.</summary>
    public async Task<GatewayNews> WaitAsync(TimeSpan patience, CancellationToken cancel)
    {
        using var deadline = new CancellationTokenSource(patience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancel);

        try
        {
            return await _news.Reader.ReadAsync(either.Token);
        }
        catch (OperationCanceledException)
        {
            cancel.ThrowIfCancellationRequested();
            return GatewayNews.None;
        }
    }

    /// <summary>Waits until nothing more happens, and forgets what did meanwhile.</summary>
    public async Task SettleAsync(TimeSpan silence, CancellationToken cancel)
    {
        await Task.Delay(silence, time, cancel);

        while (_news.Reader.TryRead(out _))
        {
            // Part of the same change.
        }
    }
}
