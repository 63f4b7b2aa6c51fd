using System.Text.Json;
using System.Text.Json.Serialization;

namespace Swarm.Node.Demo;

/// <summary>Reads events without reflection.</summary>
[JsonSerializable(typeof(JsonElement))]
internal sealed partial class DemoJson : JsonSerializerContext;
