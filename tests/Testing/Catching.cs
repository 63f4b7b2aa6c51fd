namespace Swarm.Testing;

/// <summary>Catches what asynchronous code throws; NUnit's own way would block the simulation's one thread.</summary>
public static class Catching
{
    /// <summary>The exception, or null when there was none.</summary>
    public static async Task<Exception?> ErrorAsync(Func<Task> action)
    {
        try
        {
            await action();
            return null;
        }
#pragma warning disable CA1031 // The caller asserts on its type.
        catch (Exception e)
#pragma warning restore CA1031
        {
            return e;
        }
    }
}
