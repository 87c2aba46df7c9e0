#!/usr/bin/env python3
"""Checks the JSON Schema that `nnexp schema` writes.

    .build/python/Editors/bin/python Tests/Editors/schema.py .build/release/nnexp

`make test-editors` does so. check-jsonschema must accept every shipped experiment and sweep, and
each file of defaults that `nnexp validate --output` writes. Each mistake below must be refused,
by the schema and by nnexp. The example of every type must be accepted.
"""

import json
import pathlib
import subprocess
import sys
import tempfile

import jsonschema
from ruamel.yaml import YAML

NNEXP = str(pathlib.Path(sys.argv[1]).resolve())
ROOT = pathlib.Path(__file__).resolve().parents[2]
CHECK = str(pathlib.Path(sys.executable).parent / "check-jsonschema")
yaml = YAML(typ="safe", pure=True)
yaml.allow_duplicate_keys = True  # Examples of types show alternatives.

SOUND = """
name: sound
data: {csv: {path: iris.csv, targets: species}, split: {validation: 0.2}, scale: standardize}
model:
  - {type: dense, units: 8, name: hidden}
  - tanh
  - {type: dense, units: 3}
loss: {type: cross_entropy, from: logits}
metrics: [accuracy]
train: {optimizer: {type: adam, learning_rate: 0.01}, epochs: 10}
expect: {train_loss: "< 9"}
"""

# Each kind of mistake that a schema can detect: a part of the sound file, and what replaces it.
MISTAKES = {
    "an unknown key at the top": ("name: sound", "nam: sound"),
    "an unknown key of a section": ("epochs: 10", "epochs: 10, epoch: 3"),
    "an unknown key of a type": ("units: 8", "units: 8, unit: 3"),
    "a key of another type": ("units: 8", "units: 8, momentum: 0.9"),
    "an unknown layer": ("- tanh", "- tahn"),
    "an unknown layer in a mapping": ("type: dense, units: 8", "type: dens, units: 8"),
    "an unknown loss": ("type: cross_entropy", "type: crossentropy"),
    "an unknown optimizer": ("type: adam", "type: adm"),
    "an unknown metric": ("[accuracy]", "[acuracy]"),
    "a layer without its required key": ("{type: dense, units: 8, name: hidden}", "dense"),
    "a required key that is missing": ("units: 8, ", ""),
    "a section that is missing": ("train: {optimizer: {type: adam, learning_rate: 0.01}, epochs: 10}", ""),
    "a source that is missing": ("csv: {path: iris.csv, targets: species}, ", ""),
    "two sources": ("data: {", "data: {generated: spirals, "),
    "a text for a number": ("units: 8", "units: eight"),
    "a fraction for an integer": ("units: 8", "units: 8.5"),
    "a number below its range": ("units: 8", "units: 0"),
    "a number above its range": ("validation: 0.2", "validation: 1.5"),
    "the excluded end of a range": ("validation: 0.2", "validation: 1"),
    "a wrong word": ("from: logits", "from: logit"),
    "a word for true or false": ("units: 8", "units: 8, bias: yes please"),
    "a list for a mapping": ("train: {optimizer: {type: adam, learning_rate: 0.01}, epochs: 10}", "train: [1]"),
    "a mapping for a list": ("metrics: [accuracy]", "metrics: {type: 3}"),
    "no layers": ("model:\n  - {type: dense, units: 8, name: hidden}\n  - tanh\n  - {type: dense, units: 3}", "model: []"),
    "a component without a type": ("{type: dense, units: 3}", "{units: 3}"),
    "a list that is too long": ("- tanh", "- {type: max_pooling, window: [1, 2, 3, 4]}"),
    "an element out of its range": ("- tanh", "- {type: max_pooling, window: [0, 2]}"),
    "neither of two keys": ("- tanh", "- {type: max_pooling, stride: 1}"),
    "an unknown initial value": ("units: 3", "units: 3, initial: {weight: zero}"),
    "a wrong nested key": ("validation: 0.2", "validaton: 0.2"),
    "a wrong method of scaling": ("scale: standardize", "scale: standard"),
    "a bound that is a number": ('train_loss: "< 9"', "train_loss: 9"),
    "a wrong moment": ("name: sound", "gradient_check: {at: begin}"),
}

# The same for blocks of layers.
WITH_BLOCKS = SOUND.replace("model:\n", """blocks:
  pair:
    - {type: dense, units: 8, name: wide}
    - tanh
model:
  - {block: pair, repeat: 2, name: deep, inputs: input}
  - {block: [relu, {block: pair}, {type: dense, units: 4}]}
""")
BLOCK_MISTAKES = {
    "an unknown layer in a block": ("    - tanh", "    - tahn"),
    "an unknown key in a block": ("units: 8, name: wide", "units: 8, nam: wide"),
    "a value out of its range in a block": ("{type: dense, units: 8, name: wide}", "{type: dense, units: 0}"),
    "blocks that are a list": ("  pair:\n", "  - pair:\n"),
    "a block that is no list": ("  pair:\n    - {type: dense, units: 8, name: wide}\n    - tanh", "  pair: tanh"),
    "a block without layers": ("  pair:\n    - {type: dense, units: 8, name: wide}\n    - tanh", "  pair: []"),
    "an unknown layer in a block of a block": ("    - tanh", "    - {block: [tahn]}"),
    "an unknown key of a block in a block": ("    - tanh", "    - {block: [tanh], times: 2}"),
    "an unknown layer in a block in place": ("[relu, ", "[rleu, "),
    "an unknown key of a block": ("repeat: 2", "repeats: 2"),
    "a key of a layer at a block": ("repeat: 2", "units: 2"),
    "no repetition": ("repeat: 2", "repeat: 0"),
    "too many repetitions": ("repeat: 2", "repeat: 1001"),
    "a fraction of repetitions": ("repeat: 2", "repeat: 1.5"),
    "several inputs of a block": ("inputs: input", "inputs: [input]"),
    "a number for the name of a block": ("name: deep", "name: 3"),
    "a number for a block": ("block: pair", "block: 3"),
}

# An experiment that changes another one.
CHANGES = """
base: sound.yaml
train: {optimizer: {learning_rate: 0.1}, epochs: 3}
data: {csv: {targets: species}}
"""
CHANGE_MISTAKES = {
    "an unknown key beside a base": ("train:", "trian:"),
    "an unknown key in a changed section": ("epochs: 3", "epoch: 3"),
    "a value out of its range beside a base": ("epochs: 3", "epochs: 0"),
    "a base that is no text": ("sound.yaml", "3"),
    "a wrong word beside a base": ("data:", "dtype: float16\ndata:"),
}

ACCEPTED = {
    "true for a section": "gradient_check: true",
    "a list of moments": "gradient_check: {at: [start, end], entries: all}",
    "a short initial value": "notation: names",
    "a plugin": "plugins: [a.swift, {path: b, time_limit: 3}]",
    "a start": "start_from: {run: results/a/latest, nodes: {a: b}}",
    "a sweep": "sweep: {grid: {train.epochs: [1, 2]}, sample: {count: 2, parameters: {seed: {integer: [1, 2]}}}}",
}


def run(*arguments, check=True):
    result = subprocess.run(arguments, capture_output=True, text=True)
    if check and result.returncode:
        sys.exit(f"{' '.join(map(str, arguments))}\n{result.stdout}{result.stderr}")
    return result


def main():
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        schema = folder / "nnexp.schema.json"
        run(NNEXP, "schema", "--output", schema)
        first = schema.read_bytes()
        assert run(NNEXP, "schema").stdout.encode() == first, "the schema differs between calls"
        run(CHECK, "--check-metaschema", schema)

        experiments = ROOT / "experiments"
        files = [p for d in ("", "seeds", "sweeps") for p in sorted((experiments / d).glob("*.yaml"))]
        run(CHECK, "--schemafile", schema, *files)
        print(f"{len(files)} shipped files are valid")

        # With the plugins of the files, so are those.
        plugins = sorted((experiments / "plugins").glob("*.yaml"))
        named = {str((p.parent / q).resolve()) for p in plugins for q in yaml.load(p)["plugins"]}
        options = [word for path in sorted(named) for word in ("--plugin", path)]
        run(NNEXP, "schema", "--output", folder / "plugins.json", *options)
        run(CHECK, "--schemafile", folder / "plugins.json", *plugins)
        assert run(CHECK, "--schemafile", schema, *plugins, check=False).returncode
        print(f"{len(plugins)} files with plugins are valid with their types only")

        # Every default is a value that the schema accepts.
        full = []
        for name in ("xor", "iris", "digits_lp", "penguins", "digit_views", "weather"):
            path = experiments / f"{name}.yaml"
            copy = experiments / f".{name}.full.yaml"
            try:
                run(NNEXP, "validate", path, "--output", copy)
                full.append(folder / f"{name}.yaml")
                full[-1].write_bytes(copy.read_bytes())
            finally:
                copy.unlink(missing_ok=True)
        run(CHECK, "--schemafile", schema, *full)
        print(f"{len(full)} files with every default are valid")

        validator = jsonschema.Draft7Validator(json.loads(first))
        (folder / "iris.csv").write_bytes((experiments / "data/iris.csv").read_bytes())

        def errors(text):
            found = list(validator.iter_errors(yaml.load(text)))
            file = folder / "file.yaml"
            file.write_text(text)
            return found, run(NNEXP, "validate", file, check=False)

        found, own = errors(SOUND)
        assert not found and own.returncode == 0, (found, own.stderr)
        for name, (old, new) in MISTAKES.items():
            assert old in SOUND, name
            found, own = errors(SOUND.replace(old, new))
            assert own.returncode == 2, f"nnexp accepts {name}"
            assert found, f"the schema accepts {name}"
        count = len(MISTAKES)
        (folder / "sound.yaml").write_text(SOUND)
        for sound, mistakes in ((WITH_BLOCKS, BLOCK_MISTAKES), (CHANGES, CHANGE_MISTAKES)):
            found, own = errors(sound)
            assert not found and own.returncode == 0, (found, own.stderr)
            for name, (old, new) in mistakes.items():
                assert old in sound, name
                found, own = errors(sound.replace(old, new))
                assert own.returncode == 2, f"nnexp accepts {name}"
                assert found, f"the schema accepts {name}"
            count += len(mistakes)
        print(f"{count} kinds of mistakes are refused by the schema and by nnexp")
        for name, text in ACCEPTED.items():
            found = list(validator.iter_errors(yaml.load(SOUND + text + "\n")))
            assert not found, f"the schema refuses {name}: {found[0].message}"

        # The example of every type.
        count = 0
        sections = {"layer": "model"}
        whole = yaml.load(SOUND)
        for type in json.loads(run(NNEXP, "types", "--json").stdout):
            example = yaml.load(type["example"]) if type["example"] else None
            if type["kind"] == "layer":
                example = {"model": example}
            if not isinstance(example, dict):
                continue
            if not set(example) & set(whole):
                parent = {"optimizer": "train", "schedule": "train"}.get(next(iter(example)))
                if not parent:
                    continue
                example = {parent: {**whole["train"], **example}}
            if example.get("metrics") and not isinstance(example["metrics"], (list, dict)):
                example["metrics"] = [example["metrics"]]
            found = list(validator.iter_errors({**whole, **example}))
            assert not found, f"{type['name']}: {found[0].message}"
            count += 1
        assert count > 90, count
        print(f"the examples of {count} types are valid")


main()
