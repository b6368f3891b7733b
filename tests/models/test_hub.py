"""Hub ids, against a server here that answers as the hub does."""

import http.server
import json
import shutil
import threading

import pytest
from golden_cases import GOLDEN

import kewen
from kewen.errors import NotFoundError
from kewen.models.hub import locate

COMMIT = "0" * 40


class Hub(http.server.BaseHTTPRequestHandler):
    """Repositories are folders below `root`; each has one revision."""

    root = None

    def log_message(self, *_):
        pass

    def do_HEAD(self):
        self.do_GET()

    def do_GET(self):
        _, *parts = self.path.partition("?")[0].split("/")
        if parts[:2] == ["api", "models"]:
            folder = self.root / parts[2] / parts[3]
            names = [p.relative_to(folder).as_posix() for p in folder.rglob("*.*")]
            said = {"id": "x", "sha": COMMIT, "private": False}
            if "tree" in parts:
                rows = [{"type": "file", "path": n, "size": 1, "oid": n} for n in names]
                return self.answer(json.dumps(rows).encode())
            said["siblings"] = [{"rfilename": name} for name in sorted(names)]
            return self.answer(json.dumps(said).encode())
        owner, model, _, _, *file = parts  # owner/model/resolve/revision/file
        return self.answer(self.root.joinpath(owner, model, *file).read_bytes())

    def answer(self, content):
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("X-Repo-Commit", COMMIT)
        self.send_header("ETag", f'"{abs(hash(self.path))}"')
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(content)


@pytest.fixture
def hub(tmp_path, monkeypatch):
    """The folder of its repositories."""
    from huggingface_hub import constants

    root = tmp_path / "hub"
    handler = type("Here", (Hub,), {"root": root})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}"
    monkeypatch.setattr(constants, "ENDPOINT", url)
    monkeypatch.setattr(
        constants,
        "HUGGINGFACE_CO_URL_TEMPLATE",
        url + "/{repo_id}/resolve/{revision}/{filename}",
    )
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.chdir(tmp_path)
    yield root
    server.shutdown()
    server.server_close()


def repository(hub, name, *files):
    for file in files:
        path = hub / name / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"GGUF" + file.encode())
    return name


def test_model_comes_from_the_hub(hub):
    case = GOLDEN / "huggingface" / "bert_model"
    recorded = shutil.ignore_patterns("*.npz")
    shutil.copytree(case, hub / "someone/bert", ignore=recorded)
    assert kewen.load("someone/bert").account.is_complete


def test_only_gguf_file_of_a_repository_is_taken(hub):
    path = locate(repository(hub, "someone/small", "README.md", "small-q4.gguf"))
    assert path.name == "small-q4.gguf"
    assert path.read_bytes() == b"GGUFsmall-q4.gguf"


def test_one_of_several_gguf_files_must_be_named(hub):
    name = repository(hub, "someone/many", "many-q4.gguf", "many-q8.gguf")
    with pytest.raises(NotFoundError, match=r"someone/many/many-q4\.gguf") as raised:
        locate(name)
    assert "many-q8.gguf" in str(raised.value)
    assert not list((hub.parent / "cache").rglob("*.gguf"))  # gigabytes, often
    path = locate(f"{name}/many-q8.gguf")
    assert path.read_bytes() == b"GGUFmany-q8.gguf"
    assert locate(name) == path  # now the choice is made


def test_other_weights_go_before_gguf(hub):
    name = repository(hub, "someone/both", "x.gguf", "model.safetensors", "config.json")
    folder = locate(name)
    assert sorted(path.name for path in folder.iterdir()) == [
        "config.json",
        "model.safetensors",
    ]


def test_repository_of_flax_weights_says_what_is_read(hub):
    name = repository(hub, "someone/flax", "config.json", "flax_model.msgpack")
    with pytest.raises(NotFoundError, match=r"safetensors.*flax_model\.msgpack"):
        locate(name)
