using Swarm.Fable;

return Commands.Create().Parse(args).Invoke();
