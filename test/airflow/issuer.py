"""A provider on loopback: OpenID Connect's endpoints, and GitHub's. Tests say what it answers."""

from __future__ import annotations

import json
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import parse_qs, urlsplit

from authlib.jose import JsonWebKey, jwt

CLIENT = {"client_id": "airflow", "client_secret": "a-client-secret"}
ALICE = {"sub": "1", "email": "alice@example.com", "email_verified": True, "name": "Alice Smith"}
CODE = "a-code"


class Issuer:
    """`claims` go into the ID token, `userinfo` is what /userinfo says; `changes` are made to a token's claims."""

    def __init__(self) -> None:
        self.key = JsonWebKey.generate_key("RSA", 2048, {"kid": "k"}, is_private=True)
        self.claims: dict = dict(ALICE)
        self.userinfo: dict = dict(ALICE)
        self.emails: list[dict] = []
        self.changes: dict = {}
        self.nonce = ""
        self.codes: set[str] = set()
        self.asked: list[tuple[str, dict]] = []
        self.signatures = ["RS256", "HS256", "none"]
        self.refuses_client = False
        self.refuses_redirect = False
        issuer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.reply(*issuer.get(urlsplit(self.path).path))

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                form = {name: values[0] for name, values in parse_qs(body).items()}
                form["authorization"] = self.headers.get("Authorization", "")
                self.reply(*issuer.post(urlsplit(self.path).path, form))

            def reply(self, status: int, answer: object) -> None:
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.end_headers()
                self.wfile.write(json.dumps(answer).encode())

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()

    def get(self, path: str) -> tuple[int, object]:
        pages = {
            "/.well-known/openid-configuration": {
                "issuer": self.url,
                "authorization_endpoint": f"{self.url}/authorize",
                "token_endpoint": f"{self.url}/token",
                "userinfo_endpoint": f"{self.url}/userinfo",
                "jwks_uri": f"{self.url}/jwks",
                "id_token_signing_alg_values_supported": self.signatures,
            },
            "/jwks": {"keys": [self.key.as_dict(is_private=False)]},
            "/userinfo": self.userinfo,
            "/api/v3/user": {"login": "alice", "name": "Alice Smith"},
            "/api/v3/user/emails": self.emails,
        }
        return (200, pages[path]) if path in pages else (404, {"error": "Not Found"})

    def post(self, path: str, form: dict) -> tuple[int, object]:
        self.asked.append((path, form))
        if self.refuses_client:
            return 401, {"error": "invalid_client", "error_description": "client authentication failed"}
        if self.refuses_redirect:
            return 400, {"error": "redirect_uri_mismatch"}
        if form.get("code") not in self.codes:
            return 400, {"error": "invalid_grant"}
        self.codes.discard(form["code"])
        token = {"access_token": "an-access-token", "token_type": "Bearer"}
        return 200, token if "login" in path else {**token, "id_token": self.id_token()}

    def id_token(self) -> str:
        now = int(time.time())
        known = {"iss": self.url, "aud": CLIENT["client_id"], "iat": now, "exp": now + 60, "nonce": self.nonce}
        claims = {**self.claims, **known, **self.changes}
        header = {"alg": self.changes.get("alg", "RS256"), "kid": "k"}
        key = self.key if header["alg"] == "RS256" else b"guessed"
        return jwt.encode(header, {name: value for name, value in claims.items() if name != "alg"}, key).decode()
