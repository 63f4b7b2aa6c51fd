using System.Buffers;
using Swarm.Protocol.Wire;

namespace Swarm.Protocol.Transport;

internal sealed partial class LinkStream
{
    private readonly Signal _taken = new();
    private int _credit = WireLimits.CreditBytes;
    private byte[]? _header;
    private int _headerBytes;
    private ReadOnlyMemory<byte> _payload;
    private bool _headerIsOut;
    private bool _endIsDue;
    private bool _isInLine;

    private bool IsSending => _header is not null;

    internal void OnWindow(uint bytes)
    {
        if (bytes == 0 || _credit + (long)bytes > WireLimits.CreditBytesMax)
        {
            throw new ProtocolException($"The peer grants {bytes} bytes to a credit of {_credit}.");
        }

        _credit += (int)bytes;
        StandInLine();
    }

    /// <summary>
    /// Writes the next frame, a part of a payload within <paramref name="room"/>; the link calls it when it is this
    /// stream's turn.
    /// </summary>
    internal int TakeFrame(Span<byte> target, int room)
    {
        _isInLine = false;

        if (_link.WhyClosed is not null || _reset is not null)
        {
            return 0;
        }

        int bytes = IsSending ? (_headerIsOut ? TakeData(target[..room]) : TakeMessage(target)) : TakeEnd(target);
        StandInLine();
        return bytes;
    }

    private void Offer(byte[] header, int headerBytes, ReadOnlyMemory<byte> payload)
    {
        lock (_link.Gate)
        {
            try
            {
                ThrowIfOver();

                if (_ownSideEnded || IsSending)
                {
                    throw new InvalidOperationException("This side of the stream has ended, or is still sending.");
                }
            }
            catch
            {
                ArrayPool<byte>.Shared.Return(header);
                throw;
            }

            LastActive = _link.Now;
            (_header, _headerBytes, _payload, _headerIsOut) = (header, headerBytes, payload, false);
            StandInLine();
        }
    }

    private bool IsTaken()
    {
        lock (_link.Gate)
        {
            if (IsSending)
            {
                _taken.Await();
                return false;
            }

            ThrowIfOver();
            return true;
        }
    }

    private void ThrowIfLost()
    {
        lock (_link.Gate)
        {
            ThrowIfOver();
        }
    }

    // The sender no longer waits: its payload must not be read any more. Half a message cannot be taken back.
    private void Withdraw()
    {
        lock (_link.Gate)
        {
            if (IsSending && _headerIsOut)
            {
                ResetLocked(new() { Code = Messages.FaultCode.Cancelled, Message = "The sender gave up." });
            }

            DropOffer();
        }

        _link.Kick();
    }

    private void StandInLine()
    {
        bool hasFrame = IsSending ? (_headerIsOut ? _credit > 0 : _credit >= MessageCost) : _endIsDue;

        if (hasFrame && !_isInLine && !IsOver)
        {
            _isInLine = true;
            _link.Ready(this);
        }
    }

    private bool PayloadGoesAlong => _payload.Length <= WireLimits.FramePayloadBytesMax;

    private int MessageCost
        => WireLimits.MessageCreditBytes + _headerBytes + (PayloadGoesAlong ? _payload.Length : 0);

    private int TakeMessage(Span<byte> target)
    {
        if (_credit < MessageCost)
        {
            return 0;
        }

        FrameFlags flags = FrameFlags.None;

        if (Id == 0)
        {
            Id = _link.Number(this);
            flags = Priority switch
            {
                StreamPriority.Decode => FrameFlags.Open | FrameFlags.Decode,
                StreamPriority.Bulk => FrameFlags.Open | FrameFlags.Bulk,
                _ => FrameFlags.Open,
            };
        }

        _credit -= MessageCost;
        new FrameHeader(FrameType.Message, flags, Id, _headerBytes, _payload.Length).Write(target);
        int bytes = FrameHeader.Size;
        _header.AsSpan(0, _headerBytes).CopyTo(target[bytes..]);
        bytes += _headerBytes;

        if (PayloadGoesAlong)
        {
            _payload.Span.CopyTo(target[bytes..]);
            bytes += _payload.Length;
            DropOffer();
        }
        else
        {
            _headerIsOut = true;
        }

        return bytes;
    }

    private int TakeData(Span<byte> target)
    {
        int bytes = Math.Min(Math.Min(_payload.Length, target.Length - FrameHeader.Size), _credit);

        if (bytes == 0)
        {
            return 0;
        }

        _credit -= bytes;
        new FrameHeader(FrameType.Data, FrameFlags.None, Id, 0, bytes).Write(target);
        _payload.Span[..bytes].CopyTo(target[FrameHeader.Size..]);
        _payload = _payload[bytes..];

        if (_payload.IsEmpty)
        {
            DropOffer();
        }

        return FrameHeader.Size + bytes;
    }

    private int TakeEnd(Span<byte> target)
    {
        if (!_endIsDue)
        {
            return 0;
        }

        _endIsDue = false;
        new FrameHeader(FrameType.End, FrameFlags.None, Id, 0, 0).Write(target);
        ForgetIfEnded();
        return FrameHeader.Size;
    }

    private void EndOwnSide()
    {
        if (_ownSideEnded)
        {
            return;
        }

        _ownSideEnded = true;

        if (Id == 0)
        {
            // Nothing was ever said on it: the peer need not know.
            _peerSideEnded = true;
            Leave();
            return;
        }

        _endIsDue = true;
        StandInLine();
    }

    private void DropOffer()
    {
        if (_header is not null)
        {
            ArrayPool<byte>.Shared.Return(_header);
            _header = null;
            _payload = default;
        }

        _taken.Set();
    }
}
