namespace Swarm.Fuzz;

/// <summary>A connection whose other side has said everything already, hears nothing, and hangs up.</summary>
internal sealed class ScriptStream(byte[] bytes) : MemoryStream(bytes, writable: false)
{
    public override bool CanWrite => true;

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        => ValueTask.CompletedTask;

    public override void Write(byte[] buffer, int offset, int count)
    {
    }
}
