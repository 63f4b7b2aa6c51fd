namespace Swarm.Dht.Routing;

/// <summary>A contact of ours and what became of our queries to it.</summary>
/// <remarks>
/// Those of a bucket lie side by side, for all of them are looked at every few seconds: changed only where they lie.
/// </remarks>
internal struct BucketEntry(Contact contact, TimeSpan verifiedAt, TimeSpan roundTrip)
{
    // Each new sample counts an eighth, as in TCP.
    private const double SampleWeight = 0.125;

    // Half as long as a TimeSpan, for there are hundreds; 429 s are more than any request may take.
    private uint _roundTripTicks = InTicks(roundTrip);

    /// <summary>Who it is and where, as it said last.</summary>
    internal Contact Contact { get; private set; } = contact;

    /// <summary>When it last answered a query of ours, or its link did.</summary>
    internal TimeSpan VerifiedAt { get; private set; } = verifiedAt;

    /// <summary>When it was last asked for a sign of life.</summary>
    internal TimeSpan AskedAt { get; set; } = verifiedAt;

    /// <summary>Its smoothed round trip.</summary>
    internal readonly TimeSpan RoundTrip => new(_roundTripTicks);

    /// <summary>Queries in a row that failed.</summary>
    internal int Failures { get; set; }

    /// <summary>It was there.</summary>
    internal void SeenAt(TimeSpan now)
    {
        VerifiedAt = now;
        AskedAt = now;
    }

    /// <summary>It answered.</summary>
    internal void Refresh(Contact contact, TimeSpan now, TimeSpan roundTrip)
    {
        Contact = contact;
        VerifiedAt = now;
        AskedAt = now;
        _roundTripTicks = InTicks(RoundTrip + (SampleWeight * (roundTrip - RoundTrip)));
        Failures = 0;
    }

    private static uint InTicks(TimeSpan time) => (uint)Math.Clamp(time.Ticks, 0, uint.MaxValue);
}
