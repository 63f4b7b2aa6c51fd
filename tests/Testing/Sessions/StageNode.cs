using Swarm.Node.Execution;
using Swarm.Node.Routing;
using Swarm.Node.Serving;
using Swarm.Protocol.Identity;
using Swarm.Protocol.Messages;
using Swarm.Protocol.Transport;

namespace Swarm.Testing.Sessions;

/// <summary>A node that serves one span: the real service over any transport.</summary>
public sealed class StageNode(
    NodeKey key,
    ITransport transport,
    LinkPool pool,
    StageService service,
    StageRecorder recorder,
    IBlockEngine engine,
    IComputeExecutor executor,
    BlockOffer offer) : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private Task _running = Task.CompletedTask;

    public NodeId Id => key.Id;

    public NodeKey Key => key;

    public LinkPool Pool => pool;

    public StageService Service => service;

    public StageRecorder Recorder => recorder;

    public IBlockEngine Engine => engine;

    public IComputeExecutor Executor => executor;

    public ITransport Transport => transport;

    public BlockOffer Offer => offer;

    public PeerOffer PeerOffer => new(Id, offer);

    public void Start() => _running = pool.RunAsync(_stop.Token);

    public async ValueTask DisposeAsync()
    {
        await service.DisposeAsync();
        _stop.Cancel();
        await pool.DisposeAsync();
        await _running;
        await transport.DisposeAsync();
        (executor as IDisposable)?.Dispose();
        _stop.Dispose();
    }
}
