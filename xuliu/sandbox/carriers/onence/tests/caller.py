"""A small client of 1NCE, for the sandbox's own tests."""

from typing import Any

import httpx

from xuliu.sandbox.tests.callers import Caller


class NceCaller(Caller):
    """Speaks 1NCE's API."""

    def __init__(self, base: str, credentials: dict[str, str]) -> None:
        super().__init__(base)
        self.credentials = credentials
        self.token = ""

    def fetch_token(self) -> httpx.Response:
        """Client credentials."""
        who = (self.credentials["client_id"], self.credentials["client_secret"])
        answer = self.http.post(f"{self.base}/oauth/token", json={"grant_type": "client_credentials"}, auth=who)
        self.token = answer.json()["access_token"]
        return answer

    def call(self, method: str, path: str, **more: Any) -> httpx.Response:
        """One call with a Bearer token."""
        if not self.token:
            self.fetch_token()
        return self.http.request(
            method, f"{self.base}{path}", headers={"Authorization": f"Bearer {self.token}"}, **more
        )
