namespace Swarm.Node.Discovery.PortMapping.Upnp;

/// <summary>Codes of WANIPConnection:2, section 2.5, and of UPnP's device architecture, that decide anything.</summary>
internal enum UpnpError
{
    InvalidAction = 401,
    InvalidArguments = 402,
    ActionFailed = 501,
    NotImplemented = 602,
    NotAuthorized = 606,
    NoSuchEntry = 714,
    WildcardExternalPort = 716,
    ConflictInMappingEntry = 718,
    SamePortRequired = 724,
    OnlyPermanentLeases = 725,
    NoPortMapsAvailable = 728,
    ConflictWithOtherMechanisms = 729,
}
