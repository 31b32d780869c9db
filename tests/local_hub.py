"""A hub on this machine: folders served as the Hugging Face hub serves repositories, to its own clients unchanged."""

import hashlib
import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit


class Refused(Exception):
    """What the hub does not have: RepoNotFound, RevisionNotFound or EntryNotFound."""


class Hub(BaseHTTPRequestHandler):
    """Serves `folder`/{models or datasets}/{owner}/{name}, each at one commit, which is also main."""

    folder: Path
    commit: str
    asked: list[str]

    def log_message(self, *_) -> None:
        pass

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        path = unquote(urlsplit(self.path).path).strip("/")
        self.asked.append(f"{self.command} {path}")
        try:
            content, headers = self.answer(path.split("/"))
            self.send(200, content, headers)
        except Refused as error:
            # The hub tells no one whether a repository exists that they may not see.
            status = 401 if str(error) == "RepoNotFound" else 404
            self.send(status, b"{}", {"X-Error-Code": str(error)})

    def answer(self, parts: list[str]) -> tuple[bytes, dict[str, str]]:
        """Content and headers: of what a repository holds, or of one of its files."""
        if parts == [""]:
            return b"", {}
        if parts[0] == "api":
            told = self.tell(self.find("/".join(parts[1:4])), "/".join(parts[2:4]), *parts[4:])
            return json.dumps(told).encode(), {"Content-Type": "application/json"}
        kind = parts.pop(0) if parts[0] == "datasets" else "models"
        repository = self.find(f"{kind}/{'/'.join(parts[:2])}", revision=parts[3])
        path = repository.joinpath(*parts[4:])
        if not path.is_file():
            raise Refused("EntryNotFound")
        content = path.read_bytes()
        return content, {"ETag": f'"{hashlib.sha1(content).hexdigest()}"'}

    def find(self, name: str, revision: str = "main") -> Path:
        if not (self.folder / name).is_dir():
            raise Refused("RepoNotFound")
        if revision not in ("main", self.commit):
            raise Refused("RevisionNotFound")
        return self.folder / name

    def tell(self, repository: Path, name: str, what: str = "revision", revision: str = "main", *under: str) -> Any:
        """All of a repository (`revision`), or what lies under a folder of it (`tree`)."""
        self.find(str(repository), revision)
        if what == "revision":
            files = [{"rfilename": str(path.relative_to(repository))} for path in repository.rglob("*.*")]
            return {"id": name, "sha": self.commit, "siblings": files}
        folder = repository.joinpath(*under)
        if what != "tree" or not folder.is_dir():
            raise Refused("EntryNotFound")
        deep = "true" in parse_qs(urlsplit(self.path).query.lower()).get("recursive", [])
        return [self.describe(repository, path) for path in sorted(folder.rglob("*") if deep else folder.iterdir())]

    def describe(self, repository: Path, path: Path) -> dict[str, Any]:
        content = path.read_bytes() if path.is_file() else b""
        kind = "file" if path.is_file() else "directory"
        told = {"type": kind, "path": str(path.relative_to(repository)), "size": len(content)}
        return told | {"oid": hashlib.sha1(content).hexdigest()}

    def send(self, status: int, content: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(content)), "X-Repo-Commit": self.commit, **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)


@contextmanager
def serve_hub(folder: Path, commit: str):
    """Yields the hub's address, and what it is asked, in a list that grows."""
    asked: list[str] = []
    handler = type("FolderHub", (Hub,), {"folder": folder, "commit": commit, "asked": asked})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        server.server_close()
