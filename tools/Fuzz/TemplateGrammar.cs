using System.Text;

namespace Swarm.Fuzz;

/// <summary>Grows templates that mostly parse and sometimes mean something.</summary>
internal sealed class TemplateGrammar(Random random)
{
    private static readonly string[] Names =
        ["messages", "tools", "m", "x", "y", "ns", "loop", "caller", "bos_token", "nothing", "add_generation_prompt"];

    private static readonly string[] Attributes =
    [
        "role", "content", "tool_calls", "function", "arguments", "name", "index", "index0", "first", "last", "length",
        "previtem", "nextitem", "items", "a", "x",
    ];

    private static readonly string[] Filters =
    [
        "length", "trim", "upper", "lower", "title", "capitalize", "tojson", "tojson(indent=2)", "string", "list",
        "join(',')", "join(x)", "items", "dictsort", "first", "last", "reverse", "sort", "unique", "min", "max", "sum",
        "int", "float", "abs", "round(2)", "default('d')", "default('d', true)", "replace('a', x)", "replace('', '-')",
        "indent(2)", "indent(x)", "center(20)", "truncate(5)", "wordcount", "escape", "safe", "map('upper')",
        "map(attribute='role')", "select('string')", "selectattr('role', 'equalto', 'user')", "rejectattr('content')",
        "reject('none')", "groupby('role')", "batch(2)", "slice(3)", "format(x, y)", "from_json", "attr('role')", "e",
    ];

    private static readonly string[] Methods =
    [
        "strip()", "lstrip('x')", "split()", "split(',')", "split(' ', 1)", "rsplit(',')", "splitlines()", "items()",
        "keys()", "values()", "get('role')", "get(x, y)", "upper()", "title()", "swapcase()", "startswith('a')",
        "endswith(x)", "replace('x', 'yy')", "format(x)", "format(a=x)", "join(messages)", "find('x')", "count('')",
        "append(x)", "pop()", "pop(0)", "update(x)", "copy()", "zfill(9)", "center(9, '*')", "partition(',')",
        "removeprefix('<')", "index(x)", "extend(messages)", "insert(0, x)",
    ];

    private static readonly string[] Tests =
    [
        "defined", "none", "string", "mapping", "iterable", "sequence", "number", "odd", "divisibleby(3)", "in x",
        "equalto('user')", "sameas(none)", "boolean", "true", "undefined", "callable", "upper", "gt(3)",
    ];

    private static readonly string[] Operators =
        ["+", "-", "*", "/", "//", "%", "**", "~", "==", "!=", "<", ">=", " in ", " not in ", " and ", " or "];

    private static readonly string[] Literals =
    [
        "1", "0", "-1", "2.5", "1e3", "123456789012345678901234567890", "'text'", "\"<|im_end|>\"", "'%s %d'",
        "'{} {a}'", "true", "none", "[]", "{}", "()", "[1, 2, 3]", "{'a': 1, 'b': [2]}", "(1, 'b')", "'\\n\\u00e9\\x41'",
        "range(5)", "namespace(a=1)", "'😀é'", "dict(a=1)", "'%Y-%m-%d %H' ",
    ];

    private int _size;

    /// <summary>A whole template.</summary>
    public string Template()
    {
        _size = random.Next(1, 40);
        return Body(0);
    }

    private string Body(int depth)
    {
        var text = new StringBuilder();

        for (int parts = random.Next(1, 4); parts > 0 && _size > 0; parts--)
        {
            _ = text.Append(Statement(depth));
        }

        return text.ToString();
    }

    private string Statement(int depth)
    {
        _size--;
        string open = random.Next(3) == 0 ? "{%- " : "{% ";
        string close = random.Next(3) == 0 ? " -%}" : " %}";

        return (depth > 5 ? random.Next(3) : random.Next(14)) switch
        {
            0 => Pick(["text ", "\n", "  \n  ", "<|im_start|>", "{# note #}"]),
            1 => "{{ " + Expression(0) + " }}",
            2 => $"{open}set {Target()} = {Expression(0)}{close}",
            3 => $"{open}if {Expression(0)}{close}{Body(depth + 1)}{open}else{close}{Body(depth + 1)}"
                + $"{open}endif{close}",
            4 => $"{open}if {Expression(0)}{close}{Body(depth + 1)}{open}endif{close}",
            5 or 6 => $"{open}for {Pick(["x", "m", "x, y"])} in {Expression(0)}{close}{Body(depth + 1)}"
                + $"{(random.Next(4) == 0 ? "{% break %}" : "")}{open}endfor{close}",
            7 => $"{open}for x in {Expression(0)} if {Expression(0)} recursive{close}{Body(depth + 1)}"
                + $"{{{{ loop({Expression(0)}) }}}}{open}endfor{close}",
            8 => $"{open}macro f(x, y={Expression(0)}){close}{Body(depth + 1)}{open}endmacro{close}"
                + $"{{{{ f({Call()}) }}}}",
            9 => $"{open}call f({Call()}){close}{Body(depth + 1)}{open}endcall{close}",
            10 => $"{open}set x{close}{Body(depth + 1)}{open}endset{close}",
            11 => $"{open}filter {Pick(Filters)}{close}{Body(depth + 1)}{open}endfilter{close}",
            12 => $"{open}with y = {Expression(0)}{close}{Body(depth + 1)}{open}endwith{close}",
            _ => $"{open}generation{close}{Body(depth + 1)}{open}endgeneration{close}",
        };
    }

    private string Call() => random.Next(3) switch
    {
        0 => "",
        1 => Expression(1),
        _ => Expression(1) + ", y=" + Expression(1),
    };

    private string Target() => Pick(["x", "y", "m", "ns", "ns.a", "x, y"]);

    private string Expression(int depth) => (depth > 4 ? random.Next(2) : random.Next(11)) switch
    {
        0 => Pick(Literals),
        1 => Pick(Names),
        2 => $"{Expression(depth + 1)}.{Pick(Attributes)}",
        3 => $"{Expression(depth + 1)}[{Expression(depth + 1)}]",
        4 => $"{Expression(depth + 1)}[{Pick(["1:", ":-1", "::-1", "-2:", "x:y", "::2"])}]",
        5 => $"{Expression(depth + 1)} | {Pick(Filters)}",
        6 => $"{Expression(depth + 1)} is {Pick(["", "not "])}{Pick(Tests)}",
        7 => $"({Expression(depth + 1)} {Pick(Operators)} {Expression(depth + 1)})",
        8 => $"({Expression(depth + 1)} if {Expression(depth + 1)} else {Expression(depth + 1)})",
        9 => $"{Expression(depth + 1)}.{Pick(Methods)}",
        _ => $"[{Expression(depth + 1)}, {Expression(depth + 1)}]",
    };

    private string Pick(string[] from) => from[random.Next(from.Length)];
}
