"""YAML of every kind of event, scalar style, anchor and indentation, to yaml_structures.json.

Each case is [text, tree]: a scalar is its text as the parser gives it, unresolved; a list is
["-", item, ...]; a mapping is [":", key, value, ...]. The trees are those of ruamel.yaml's parser,
which is in Python and reads YAML 1.2; nnexp's is libyaml.

    python3 -m venv /tmp/ruamel && /tmp/ruamel/bin/pip install ruamel.yaml==0.19.1
    /tmp/ruamel/bin/python yaml_structures.py
"""

import itertools
import json
import pathlib

from ruamel.yaml import YAML
from ruamel.yaml import events as e


def tree(text):
    stack, anchors, top = [], {}, []
    for event in YAML(typ="base", pure=True).parse(text):
        if isinstance(event, (e.SequenceStartEvent, e.MappingStartEvent)):
            node = ["-" if isinstance(event, e.SequenceStartEvent) else ":"]
            (stack[-1] if stack else top).append(node)
            stack.append(node)
            if event.anchor:
                anchors[event.anchor] = node
        elif isinstance(event, e.ScalarEvent):
            (stack[-1] if stack else top).append(event.value)
            if event.anchor:
                anchors[event.anchor] = event.value
        elif isinstance(event, e.AliasEvent):
            stack[-1].append(anchors[event.anchor])
        elif isinstance(event, (e.SequenceEndEvent, e.MappingEndEvent)):
            stack.pop()
    assert len(top) == 1, text
    return top[0]


def block_scalars():
    bodies = ["x", "x\ny", "x\n\ny", "x\n y\nz", "x\n\n y\n\nz", "\nx", "# x\n#", "x\n\n", "x\n\n\n", "-", "a: b", "x  "]
    for style, chomping, body in itertools.product("|>", ["", "-", "+"], bodies):
        for margin in [1, 2, 4, 9]:
            lines = [" " * margin + line if line else "" for line in body.split("\n")]
            text = "\n".join(lines) + "\n"
            yield f"a: {style}{chomping}\n{text}"
            if margin < 4:
                yield f"a: {style}{chomping}  # why\n{text}b: 1\n"
        lines = ["  " + line if line else "" for line in body.split("\n")]
        text = "\n".join(lines) + "\n"
        yield f"- {style}{chomping}\n{text}- 1\n"
        yield f"--- {style}{chomping}\n{text}"
        yield f"? {style}{chomping}\n{text}: 1\n"
    for style, chomping, indent in itertools.product("|>", ["", "-", "+"], range(1, 10)):
        body = "".join(" " * (indent + more) + f"x{more}\n" for more in [0, 2, 0, 1])
        led = "".join(" " * (indent + more) + f"x{more}\n" for more in [1, 0])
        for order in {f"{indent}{chomping}", f"{chomping}{indent}"}:
            yield f"a: {style}{order}\n{body}"
            yield f"a: {style}{order}\n{led}b: 1\n"
        nested = "".join("  " + line + "\n" for line in led.splitlines())
        yield f"a:\n  b: {style}{indent}{chomping}\n{nested}  c: 1\n"
    for style, chomping in itertools.product("|>", ["", "-", "+"]):
        yield f"a: {style}{chomping}\nb: 1\n"
        yield f"a: {style}{chomping}"
        yield f"a: {style}{chomping}\n  x"
        yield f"a: {style}{chomping}\n\n\nb: 1\n"
        yield f"a: {style}{chomping}\n  x\n# less\nb: 1\n"
        yield f"a:\n  - {style}{chomping}\n    x\n  - {style}{chomping}\n    y\n"


def flow_scalars():
    for text in ["x y", "x\n  y", "x\n\n  y", "x\n\n\n  y", "x  \n   y z", "x # no", "x#y", "x:y", "-x", "x, y"]:
        for quote in ["", "'", '"']:
            if quote == "" and ("#" in text or "," in text) and text != "x#y":
                continue
            scalar = quote + text + quote
            yield f"a: {scalar}\nb: 1\n"
            yield f"- {scalar}\n- 1\n"
            yield f"a:\n  {scalar}\nb: 1\n"
            yield f"[{scalar}, 1]\n"
            yield f"{{a: {scalar}, b: 1}}\n"
            yield f"--- {scalar}\n"
            if "\n" not in text:
                yield f"{scalar}: 1\n"
                yield f"{{{scalar}: 1}}\n"
                yield f"? {scalar}\n: 1\n"
    for escape in ["0", "a", "b", "t", "\t", "n", "v", "f", "r", "e", " ", '"', "/", "\\", "N", "_", "L", "P",
                   "x41", "u00e9", "U0001F600", "\n   "]:
        yield f'a: "x\\{escape}y"\n'
        yield f'["\\{escape}"]\n'
    yield "a: ''''\nb: 'x''''y'\nc: ''\nd: \"\"\n"
    yield 'a: "x\\\n\n  y"\n'
    yield "a: 'x \n\n  y '\n"
    yield "a: \" x\n  y \"\n"


def anchors():
    kinds = {
        "plain": "&x b", "single": "&x 'b'", "double": '&x "b"', "empty": "&x",
        "literal": "&x |\n  b", "folded": "&x >-\n  b\n  c", "flow list": "&x [1, 2]",
        "flow map": "&x {k: 1}", "list": "&x\n  - 1\n  - 2", "list beside": "&x\n- 1\n- 2",
        "map": "&x\n  k: 1\n  l: 2", "line below": "\n  &x b", "long name": "&x-y_1 b",
    }
    for name, node in kinds.items():
        alias = "*x-y_1" if name == "long name" else "*x"
        yield f"a: {node}\nz: {alias}\n"
        yield f"a: {node}\nz: [{alias}, {{y: {alias}}}]\n"
        yield f"a: {node}\nz:\n  - {alias}\n  - y: {alias}\n"
        yield f"a: {node}\nz: {alias} # why\ny: &x 9\nw: *x\n"
    yield "- &x 1\n- *x\n- &y [*x, &z 2]\n- *y\n- *z\n"
    yield "[&x 1, *x, &y {k: *x}, *y]\n"
    yield "&x k: 1\ny: *x\n"
    yield "&m\na: &x 1\nb: *x\n"
    yield "--- &m [1, 2]\n"
    yield "{&x a: 1, b: *x}\n"


def indentation():
    for n in range(1, 10):
        s = " " * n
        yield f"a:\n{s}b: 1\n{s}c: 2\nd: 3\n"
        yield f"a:\n{s}- 1\n{s}- 2\nd: 3\n"
        yield f"a:\n{s}b:\n{s}{s}c: 1\n{s}d:\n{s}- 1\n{s}- 2\n"
        yield f"-{s}a: 1\n {s}b: 2\n-{s}c: 3\n"
        yield f"-{s}- 1\n {s}- 2\n-{s}- 3\n"
        yield f"{s}a: 1\n{s}b: 2\n"
        yield f"a:{s}1\nb:{s}[1,{s}2]\n"
        yield f"a: [\n{s}1,\n{s}2\n{s}]\n"
        yield f"a: {{\n{s}b: 1,\n{s}c: 2}}\n"
        yield f"?{s}a\n:{s}1\n"
        yield f"a:\n{s}x\n{s}{s}y\n"
    for n, m in itertools.product(range(1, 10), repeat=2):
        yield f"a:\n{' ' * n}b: 1\nc:\n{' ' * m}d: 2\n"
    yield "a:\n- b:\n  - c:\n    - 1\n  d: 2\n- 3\n"
    yield "a:\n-\n  b: 1\n-\n\n  c: 2\n"
    yield "- - - 1\n    - 2\n  - 3\n- 4\n"


def comments():
    text = "# 0\n---  # 1\n# 2\na: 1  # 3\n# 4\nb:  # 5\n  # 6\n  - x  # 7\n# 8\n  -  # 9\n    c: 2\n    # 10\n" \
           "d: [1,  # 11\n  # 12\n  2  # 13\n  ]  # 14\ne: {f: 3,  # 15\n  g: 4}\nh:  # 16\ni: 'x'  # 17\n" \
           "j: \"y\"  # 18\nk: &x 1  # 19\nl: *x  # 20\n? m  # 21\n:  # 22\n  5\n...  # 23\n# 24\n"
    yield text
    for number in range(25):
        yield "\n".join(
            line if line.rstrip().endswith(f"# {number}") else line.split("#")[0].rstrip()
            for line in text.split("\n"))


def tabs():
    yield "a:\t1\nb: \t2\nc: 3\t\nd: 4\t# why\n"
    yield "a: [1,\t2\t,\t3]\nb: {c:\t1}\n"
    yield "-\t1\n-\t'x'\n"
    yield "a: 'x\ty'\nb: \"x\ty\"\nc: x\ty\n"
    yield "a: |\n  x\ty\n  \tz\n"
    yield "a: 1\n\t\nb: 2\n"
    yield "a: 1\n\t# why\nb: 2\n"


def documents():
    for start, end in itertools.product(["", "---\n", "--- # why\n", "%YAML 1.2\n---\n", "# why\n---\n", "\n\n---\n"],
                                        ["", "...\n", "... # why\n", "\n\n", "# why\n", "...\n# why\n", "...\n\n"]):
        for body in ["a: 1\n", "- 1\n", "x\n", "[1]\n", "'x'\n", "|\n  x\n"]:
            if body.startswith("|") and not start.endswith("---\n"):
                continue
            yield start + body + end
    yield "--- a\n"
    yield "--- [1]\n...\n"
    yield "--- 'x'"
    yield "---\n- 1\n..."


def flows():
    items = ["", "1", "1,", "1, 2", "1, 2,", "1,2", " 1 , 2 ", "\n1\n,\n2\n", "[], {}", "[1], {a: 2}", "a: 1", "a: 1, b: 2",
             "a: , b", "'a': 1", "'a':1", '"a":1', "? a : 1", "a: [b: 1]", "'x y'", "x y", "a:b", "-1", "a: b: c"[:4]]
    for item in items:
        yield f"[{item}]\n"
        yield f"k: [{item}]\nl: 1\n"
        yield f"- [{item}]\n- 1\n"
    pairs = ["", "a: 1", "a: 1,", "a: 1, b: 2", "a", "a, b", "a:", "a: , b: ", "a: 1\n, b:\n 2\n", "'a': 1", "'a':1", '"a":[1]',
             "? a : 1", "? a", "a: {b: {c: 1}}", "a: [1, {b: 2}]", "a b: c d", " a : 1 "]
    for pair in pairs:
        yield f"{{{pair}}}\n"
        yield f"k: {{{pair}}}\nl: 1\n"
        yield f"- {{{pair}}}\n- 1\n"


def keys():
    for key in ["a", "'a'", '"a"', "a b", "1", "~", "true", "''", "- a"[2:], "a-b", "é", "<", "a.b"]:
        for value in ["1", "", "[1]", "{b: 1}", "'x'", "|\n  x", "\n  b: 1", "\n- 1", "\n  - 1"]:
            yield f"{key}: {value}\nz: 1\n"
            yield f"? {key}\n: {value}\n"
    yield "? a\n? b\n"
    yield "? a\n? b\n: 1\nc: 2\n"
    yield "?\n  a\n:\n  1\n"
    yield "? a\n  b\n: 1\n"
    yield "a:\n  ? b\n  : 1\n"
    yield "a : 1\nb  :  2\n"


cases = []
seen = set()
for family in [block_scalars, flow_scalars, anchors, indentation, comments, tabs, documents, flows, keys]:
    for text in family():
        if text not in seen:
            seen.add(text)
            try:
                cases.append([text, tree(text)])
            except Exception as error:
                print(family.__name__, repr(text), "is refused:", str(error).split("\n")[0])

path = pathlib.Path(__file__).resolve().parent / "yaml_structures.json"
with open(path, "w") as file:
    file.write("[\n" + ",\n".join(json.dumps(case) for case in cases) + "\n]\n")
print(len(cases), "cases")
