using System.Buffers;
using System.Diagnostics;
using Google.Protobuf;
using Swarm.Protocol.Messages;
using Swarm.Protocol.Wire;

namespace Swarm.Protocol.Transport;

/// <summary>One stream of a <see cref="Transport.Link"/>; its state is guarded by the link's lock.</summary>
internal sealed partial class LinkStream : ILinkStream
{
    private readonly Link _link;
    private Fault? _reset;
    private bool _ownSideEnded;
    private bool _peerSideEnded;
    private bool _hasLeft;

    internal LinkStream(Link link, StreamPriority priority, long now, uint id = 0)
    {
        _link = link;
        Priority = priority;
        Id = id;
        LastActive = now;
    }

    public ILink Link => _link;

    public int PayloadLength { get; private set; }

    /// <summary>The number on the wire; zero until the first frame of a stream opened here is written.</summary>
    internal uint Id { get; private set; }

    internal StreamPriority Priority { get; }

    /// <summary>When a frame last came or a message was last sent.</summary>
    internal long LastActive { get; private set; }

    /// <summary>True when this side is done and only waits for the peer to end its own.</summary>
    internal bool Lingers { get; private set; }

    public async ValueTask SendAsync(Envelope message, ReadOnlyMemory<byte> payload, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        int size = message.WireBytes = message.CalculateSize();

        if (size > WireLimits.HeaderBytesMax || payload.Length > WireLimits.PayloadBytesMax)
        {
            throw new ArgumentException($"A {message.BodyCase} of {size} + {payload.Length} bytes is too large.");
        }

        byte[] header = ArrayPool<byte>.Shared.Rent(size);
        message.WriteTo(header.AsSpan(0, size));
        Offer(header, size, payload);
        _link.Kick();

        // Mostly the caller itself has written it by now.
        if (!IsTaken())
        {
            try
            {
                await _taken.WaitAsync(cancel);
            }
            catch (OperationCanceledException)
            {
                Withdraw();
                throw;
            }

            ThrowIfLost();
        }
    }

    public async ValueTask<Envelope?> ReceiveAsync(CancellationToken cancel)
    {
        Envelope? message;

        while (!TryReceive(out message))
        {
            _link.Kick();
            await _arrival.WaitAsync(cancel);
        }

        return message;
    }

    public async ValueTask ReadPayloadAsync(Memory<byte> destination, CancellationToken cancel)
    {
        if (_reset is null && destination.Length != PayloadLength)
        {
            throw new ArgumentException($"The payload has {PayloadLength} bytes.", nameof(destination));
        }

        if (!TryRead(destination))
        {
            _link.Kick();

            try
            {
                await _arrival.WaitAsync(cancel);
            }
            catch (OperationCanceledException)
            {
                _ = EndRead();
                throw;
            }

            if (!EndRead())
            {
                ThrowIfLost();
                throw new ObjectDisposedException(nameof(ILinkStream));
            }
        }

        _link.Kick();
    }

    public ValueTask EndAsync(CancellationToken cancel)
    {
        lock (_link.Gate)
        {
            ThrowIfOver();
            EndOwnSide();
        }

        _link.Kick();
        return ValueTask.CompletedTask;
    }

    public void Reset(Fault fault)
    {
        lock (_link.Gate)
        {
            ResetLocked(fault);
        }

        _link.Kick();
    }

    public ValueTask DisposeAsync()
    {
        lock (_link.Gate)
        {
            if (IsOver)
            {
                DropReceived();
                return ValueTask.CompletedTask;
            }

            if (IsSending)
            {
                ResetLocked(new Fault { Code = FaultCode.Cancelled, Message = "The sender gave up." });
            }
            else
            {
                Lingers = true;
                LastActive = _link.Now;
                Discard();
                EndOwnSide();
            }
        }

        _link.Kick();
        return ValueTask.CompletedTask;
    }

    internal void ResetLocked(Fault fault)
    {
        Debug.Assert(_link.Gate.IsHeldByCurrentThread);

        if (IsOver || (_ownSideEnded && _peerSideEnded && Lingers))
        {
            return;
        }

        if (Id != 0)
        {
            _link.EnqueueFault(FrameType.Reset, Id, fault);
        }

        OnReset(fault);
    }

    internal void OnReset(Fault fault)
    {
        _reset = fault;
        Leave();
        Stop();
        DropReceived();
    }

    // What has arrived can still be read.
    internal void OnLinkClosed() => Stop();

    private bool IsOver => _reset is not null || _link.WhyClosed is not null;

    private void ThrowIfOver()
    {
        if (_reset is not null)
        {
            throw new FaultException(_reset);
        }

        _link.ThrowIfClosed();
    }

    private void Stop()
    {
        DropOffer();
        _arrival.Set();
    }

    private void ForgetIfEnded()
    {
        if (_ownSideEnded && !_endIsDue && _peerSideEnded)
        {
            Leave();
        }
    }

    private void Leave()
    {
        if (!_hasLeft)
        {
            _hasLeft = true;
            _link.Forget(this);
        }
    }
}
