using System.Runtime.InteropServices;

namespace Swarm.Inference.Threading;

/// <summary>Aligned memory outside the managed heap, with one owner.</summary>
internal sealed unsafe partial class NativeBuffer : IDisposable
{
    // A cache line; huge pages want their own alignment, and pay off only above a few of them.
    private const int Alignment = 64;
    private const int HugePageBytes = 2 << 20;
    private const int AdviseHugePages = 14;

    // Kernels load whole vectors: the last one may reach past the last value.
    private const int Slack = 64;

    private byte* _pointer;

    /// <summary>Takes memory.</summary>
    /// <param name="bytes">How much.</param>
    /// <param name="clear">Whether to fill it with zeros now; else who writes it first meets its page faults.</param>
    public NativeBuffer(long bytes, bool clear = true)
    {
        Bytes = bytes;
        bool huge = bytes >= 4L * HugePageBytes;
        nuint size = checked((nuint)(bytes + Slack));
        _pointer = (byte*)NativeMemory.AlignedAlloc(size, (nuint)(huge ? HugePageBytes : Alignment));

        if (huge && OperatingSystem.IsLinux())
        {
            // Only advice: where the kernel refuses, small pages cost a few percent.
            _ = Advise((nint)_pointer, size, AdviseHugePages);
        }

        if (clear)
        {
            NativeMemory.Clear(_pointer, size);
        }
    }

    ~NativeBuffer() => Free();

    /// <summary>The usable length.</summary>
    public long Bytes { get; }

    /// <summary>The first byte; valid until disposed.</summary>
    public byte* Pointer
    {
        get
        {
            ObjectDisposedException.ThrowIf(_pointer == null, this);
            return _pointer;
        }
    }

    /// <summary>The first float; valid until disposed.</summary>
    public float* Floats => (float*)Pointer;

    /// <summary>All of it, where that is less than 2 GiB.</summary>
    public Span<byte> Span => new(Pointer, checked((int)Bytes));

    public static NativeBuffer OfFloats(long count) => new(checked(count * sizeof(float)));

    /// <summary>Copies all of it to a buffer of the same length.</summary>
    public void CopyTo(NativeBuffer target)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(target.Bytes, Bytes);
        Buffer.MemoryCopy(Pointer, target.Pointer, Bytes, Bytes);
    }

    public void Dispose()
    {
        Free();
        GC.SuppressFinalize(this);
    }

    private void Free()
    {
        NativeMemory.AlignedFree(_pointer);
        _pointer = null;
    }

    [LibraryImport("libc", EntryPoint = "madvise")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Advise(nint address, nuint length, int advice);
}
