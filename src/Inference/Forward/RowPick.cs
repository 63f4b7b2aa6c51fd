namespace Swarm.Inference.Forward;

/// <summary>
/// Which rows of a tensor become a matrix: all of a stretch, or the same part of each of several groups of rows.
/// </summary>
/// <param name="First">The first row.</param>
/// <param name="Count">How many rows.</param>
/// <param name="Run">Rows that follow each other; 0 for all.</param>
/// <param name="Stride">Rows from one run to the next.</param>
internal readonly record struct RowPick(long First, int Count, int Run = 0, int Stride = 0)
{
    /// <summary>The tensor's row that becomes <paramref name="row"/> of the matrix.</summary>
    public long Source(int row) => Run == 0 ? First + row : First + ((long)(row / Run) * Stride) + (row % Run);

    /// <summary>
    /// How many rows from <paramref name="row"/> on follow each other in the tensor, at most so many.
    /// </summary>
    public int RunAt(int row, int most) => Run == 0 ? most : Math.Min(most, Run - (row % Run));
}
