namespace Swarm.Inference.Chat.Jinja;

/// <summary>A function of this program, or a method with the value it belongs to.</summary>
internal sealed class FunctionValue(string name, Native native, Value? self = null) : CallableValue
{
    public override string TypeName => self is null ? "function" : "builtin_function_or_method";

    public override Value Call(Run run, Arguments arguments)
        => native.Call(run, name, self is null ? arguments : arguments.Before(self));
}
