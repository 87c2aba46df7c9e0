"""Tests `nnexp lsp` with a client of the library pygls: `make test-editors`."""

import os
import pathlib

import pytest_lsp
from lsprotocol import types
from pytest_lsp import ClientServerConfig, LanguageClient

ROOT = pathlib.Path(__file__).resolve().parents[2]
EXPERIMENTS = ROOT / "experiments"
IRIS = (EXPERIMENTS / "iris.yaml").read_text()
URI = f"file://{EXPERIMENTS}/open.yaml"


@pytest_lsp.fixture(config=ClientServerConfig(server_command=[os.environ["NNEXP"], "lsp"]))
async def client(lsp_client: LanguageClient):
    await lsp_client.initialize_session(
        types.InitializeParams(
            capabilities=types.ClientCapabilities(), root_uri=f"file://{EXPERIMENTS}"))
    yield
    await lsp_client.shutdown_session()


async def opened(client, text, uri=URI):
    client.text_document_did_open(
        types.DidOpenTextDocumentParams(
            types.TextDocumentItem(uri=uri, language_id="yaml", version=1, text=text)))
    await client.wait_for_notification("textDocument/publishDiagnostics")
    return client.diagnostics[uri]


def position(text, word, offset=0):
    index = text.index(word) + offset
    line = text.count("\n", 0, index)
    return types.Position(line, index - (text.rfind("\n", 0, index) + 1))


WHOLE = types.Range(types.Position(0, 0), types.Position(999, 0))
DOCUMENT = types.TextDocumentIdentifier(URI)


async def test_errors_and_quick_fixes(client):
    assert list(await opened(client, IRIS)) == []
    text = IRIS.replace("- tanh", "- tahn").replace("epochs:", "epoch:")
    found = await opened(client, text)
    assert sorted(d.message.splitlines()[0] for d in found) == [
        "missing 'epochs': an integer ≥ 1 is required",
        "unknown key 'epoch'; did you mean 'epochs'?",
        "unknown layer type 'tahn'; did you mean 'tanh'?",
    ]
    actions = await client.text_document_code_action_async(
        types.CodeActionParams(DOCUMENT, WHOLE, types.CodeActionContext([])))
    assert sorted(a.title for a in actions) == ["replace 'epoch' by 'epochs'", "replace 'tahn' by 'tanh'"]
    lines = text.split("\n")
    for action in actions:
        for edit in action.edit.changes[URI]:
            at = edit.range
            line = lines[at.start.line]
            lines[at.start.line] = line[:at.start.character] + edit.new_text + line[at.end.character:]
    assert list(await opened(client, "\n".join(lines))) == []


async def test_errors_as_typed(client):
    await opened(client, IRIS)
    end = position(IRIS, "units: 8", len("units: 8"))
    client.text_document_did_change(
        types.DidChangeTextDocumentParams(
            types.VersionedTextDocumentIdentifier(2, URI),
            [types.TextDocumentContentChangePartial(range=types.Range(end, end), text=".5")]))
    await client.wait_for_notification("textDocument/publishDiagnostics")
    (found,) = client.diagnostics[URI]
    assert found.message == "units must be an integer ≥ 1, found the number 8.5"
    assert found.range.start == position(IRIS, "units: 8", len("units: "))


async def test_hover_completion_hints_and_definition(client):
    text = IRIS.replace("- tanh", "- {type: tanh, inputs: hidden}")
    await opened(client, text)
    hover = await client.text_document_hover_async(
        types.HoverParams(DOCUMENT, position(text, "cross_entropy", 3)))
    assert "**cross_entropy** (loss)" in hover.contents.value
    assert "- `label_smoothing`:" in hover.contents.value
    hints = await client.text_document_inlay_hint_async(types.InlayHintParams(DOCUMENT, WHOLE))
    assert [h.label for h in hints] == ["→ [8], 40 parameters", "→ [8]", "→ [3], 27 parameters"]
    target = await client.text_document_definition_async(
        types.DefinitionParams(DOCUMENT, position(text, "inputs: hidden", 10)))
    assert target.range.start == position(text, "hidden}")
    half = text.replace("targets: species", "targets: ")
    await opened(client, half)
    columns = await client.text_document_completion_async(
        types.CompletionParams(DOCUMENT, position(half, "targets: ", 9)))
    assert "petal_width_cm" in [item.label for item in columns.items]


async def test_plugins(client):
    text = (EXPERIMENTS / "plugins/learned_norm.yaml").read_text()
    uri = f"file://{EXPERIMENTS}/plugins/open.yaml"
    found = await opened(client, text, uri)
    assert [d.message for d in found if d.severity == types.DiagnosticSeverity.Error] == []
    hover = await client.text_document_hover_async(
        types.HoverParams(types.TextDocumentIdentifier(uri), position(text, "learned_norm,", 2)))
    assert "**learned_norm** (layer)" in hover.contents.value


async def test_plugin_that_crashes(client, tmp_path):
    """The server is alive after it, and the plugin's location has the reason."""
    source = (ROOT / "plugins/Swish.c").read_text()
    crash = "\n#include <stdlib.h>\n__attribute__((constructor)) static void end(void) { abort(); }\n"
    (tmp_path / "Swish.c").write_text(source + crash)
    text = (EXPERIMENTS / "plugins/swish.yaml").read_text().replace("../../plugins/", "")
    uri = f"file://{tmp_path}/open.yaml"
    found = await opened(client, text, uri)
    (error,) = [d for d in found if "is not loaded" in d.message]
    assert "Swish.c' crashed in its initialization: it aborted (SIGABRT)" in error.message
    assert error.range.start == position(text, "Swish.c")
    document = types.TextDocumentIdentifier(uri)
    hover = await client.text_document_hover_async(types.HoverParams(document, position(text, "loss:")))
    assert "**loss**" in hover.contents.value
    # The repaired plugin is loaded when the file is saved.
    (tmp_path / "Swish.c").write_text(source)
    client.text_document_did_save(types.DidSaveTextDocumentParams(document))
    await client.wait_for_notification("textDocument/publishDiagnostics")
    assert not [d for d in client.diagnostics[uri] if "Swish.c" in d.message]


async def test_blocks(client):
    text = (EXPERIMENTS / "shapes_segmentation.yaml").read_text()
    assert list(await opened(client, text)) == []
    hints = await client.text_document_inlay_hint_async(types.InlayHintParams(DOCUMENT, WHOLE))
    assert [h.label for h in hints][3] == "→ [16, 12, 12], 1168 parameters; [16, 12, 12], 2320 parameters"
    target = await client.text_document_definition_async(
        types.DefinitionParams(DOCUMENT, position(text, "narrow_2_relu", 3)))
    assert target.range.start == position(text, "- relu", 2)
