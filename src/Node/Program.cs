using Swarm.Node.CommandLine;

return await SwarmCommand.InvokeAsync(args);
