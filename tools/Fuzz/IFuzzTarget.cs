namespace Swarm.Fuzz;

/// <summary>Something that reads what strangers wrote.</summary>
internal interface IFuzzTarget
{
    /// <summary>What it is called on the command line.</summary>
    string Name { get; }

    /// <summary>How many things a case holds, each of which counts as read by itself.</summary>
    int InputsPerCase => 1;

    /// <summary>Bytes that reading an input of this length may allocate in all.</summary>
    long AllocatedBytesMax(int inputLength);

    /// <summary>An input.</summary>
    byte[] Make(Random random);

    /// <summary>Reads an input; throws what reading it must not.</summary>
    void Read(byte[] input);
}
